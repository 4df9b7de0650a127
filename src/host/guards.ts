// The guards of a network namespace, on Linux: abstract unix sockets that listen.
//
// The kernel gives a name to one socket of the network namespace, whatever its user, and takes it back when
// the socket is closed or its process ends, however that ends. Who waits for a guard connects to it, and the
// connection stays open as long as the guard is had: its end wakes whoever waits.
//
// What all versions of Moorage agree on, so that none of it may ever change:
// - The name is that of `guardName`.
// - Who waits writes nothing.
// - Who has the guard writes nothing, but to a visitor for whom there is no room: any bytes, and then the end,
//   which says nothing about the guard.

import { connect, createServer, type Server, type Socket } from "node:net";
import type { Guards } from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import { type Ends, interruptible, pause } from "./interruptible.ts";
import { whyNotUnix } from "./sockets.ts";

export interface GuardLimits {
  /** How many visitors all guards of this process keep waiting at most: each takes a file descriptor. */
  readonly visitors: number;
  /** A guard tells of the first knock at once, and of those after it once in so many milliseconds. */
  readonly knockPauseMs: number;
  /** After how many milliseconds one that found no room comes again. */
  readonly retryMs: number;
}

const LIMITS: GuardLimits = { visitors: 256, knockPauseMs: 100, retryMs: 250 };

/** The length of `sun_path` (unix(7)). */
const NAME_LENGTH = 108;

const NO_ROOM = "later";

/** How long the end of a process may take from one socket to another. */
const DEATH_MS = 20;

/**
 * The name of a guard's socket: a zero byte, which makes it abstract, "moorage/tcp/3000", and slashes up to
 * the greatest length. A shorter name would not be the same on Node 20, which fills it up with zero bytes.
 */
export function guardName(protocol: Transport, port: number): string {
  return `\0moorage/${protocol}/${port}`.padEnd(NAME_LENGTH, "/");
}

export function openGuards({ visitors, knockPauseMs, retryMs }: GuardLimits = LIMITS): Guards {
  let room = visitors;

  /** Keeps a visitor until it leaves or the guard lets it go. */
  function receive(visitor: Socket, inside: Set<Socket>): void {
    visitor.unref();
    visitor.on("error", () => {});
    // Reading tells when it leaves. One that writes is none of ours.
    visitor.on("data", () => visitor.destroy());
    if (room === 0) {
      visitor.write(NO_ROOM);
      visitor.destroySoon();
      return;
    }
    room--;
    inside.add(visitor);
    visitor.on("close", () => {
      room++;
      inside.delete(visitor);
    });
  }

  return {
    take(protocol, port, onKnock = () => {}) {
      const name = guardName(protocol, port);
      const inside = new Set<Socket>();
      const knock = atIntervals(onKnock, knockPauseMs);
      const server = createServer((visitor) => {
        receive(visitor, inside);
        knock.call();
      });
      if (!listens(server, name)) {
        const refusal = whyNotUnix(name);
        if (refusal && refusal.code !== "EADDRINUSE") throw refusal;
        return undefined;
      }
      const release = (): void => {
        // The name first: whoever is woken finds it free.
        server.close();
        knock.stop();
        for (const visitor of inside) visitor.destroy();
      };
      return { release };
    },

    async gone(protocol, port, { signal } = {}) {
      const name = guardName(protocol, port);
      const stay = async (ms?: number): Promise<Parting> =>
        await interruptible(signal, (ends) => visit(name, ms, ends));
      for (;;) {
        const parting = await stay();
        if (parting === "no room") {
          await pause(retryMs, signal);
          continue;
        }
        // A process that is killed lets its visitors go a moment before the name: the kernel closes the
        // latest of its sockets first. Who stays at the second visit is another one's visitor.
        if (parting === "let go") await stay(DEATH_MS);
        return;
      }
    },

    isHeld: (protocol, port) =>
      interruptible(undefined, (ends) => lookInside(guardName(protocol, port), ends)),
  };
}

/** Whether the server listens on the path now. Within a `cluster`, each worker does so itself. */
function listens(server: Server, path: string): boolean {
  // Comes later than `listening` tells, and without more to say than that.
  server.on("error", () => {});
  server.listen({ path, exclusive: true });
  server.unref();
  return server.listening;
}

/** How a visit ended. */
type Parting = "nobody there" | "no room" | "let go" | "stayed";

/** Stays as long as it may, or for so many milliseconds. */
function visit(path: string, ms: number | undefined, { resolve, reject }: Ends<Parting>): () => void {
  const socket = connect({ path });
  let error: NodeJS.ErrnoException | undefined;
  let sentAway = false;
  socket.unref();
  socket.on("data", () => (sentAway = true));
  socket.on("error", (reason) => (error = reason));
  socket.on("close", () => {
    clearTimeout(timer);
    if (sentAway) resolve("no room");
    else if (!error) resolve("let go");
    else answer(error, { resolve: (held) => resolve(held ? "no room" : "nobody there"), reject });
  });
  const timer =
    ms === undefined
      ? undefined
      : setTimeout(() => {
          resolve("stayed");
          socket.destroy();
        }, ms).unref();
  return () => socket.destroy();
}

/** Says whether somebody has the guard, and leaves. */
function lookInside(path: string, { resolve, reject }: Ends<boolean>): () => void {
  const socket = connect({ path });
  socket.on("error", (error) => answer(error, { resolve, reject }));
  socket.on("connect", () => {
    resolve(true);
    socket.destroy();
  });
  return () => socket.destroy();
}

/** What the end of a connection says about whether somebody has the guard. */
function answer(error: NodeJS.ErrnoException, { resolve, reject }: Ends<boolean>): void {
  switch (error.code) {
    case "ECONNREFUSED":
    // Let go before it had looked at who waits.
    case "ECONNRESET":
    case "EPIPE":
      resolve(false);
      break;
    // As many wait as the kernel keeps in line.
    case "EAGAIN":
    // A security module lets nobody in, of a socket that is there.
    case "EACCES":
    case "EPERM":
      resolve(true);
      break;
    default:
      reject(error);
  }
}

/** Calls at once, then at most once in `ms` milliseconds, so that many calls cost little and none is lost. */
function atIntervals(callback: () => void, ms: number): { call(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  function call(): void {
    again = timer !== undefined;
    if (again) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) call();
    }, ms).unref();
    callback();
  }
  return { call, stop: () => clearTimeout(timer) };
}
