// Whether the server of a lease is ready: it is the lease's own, it listens, and it answers.
//
// Only an address is connected to that is listened on already, by the lease's own: no other server answers in its place,
// and no connection can meet itself.

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Listener } from "../../contract/index.ts";
import { ownershipOf, readinessOf, readinessOfPort } from "../../inspect/index.ts";
import type { Lease } from "../../node/index.ts";
import { viewer } from "../../node/inspect.ts";
import { formatPorts } from "../../registry/index.ts";
import { listenersOn } from "../../report/listeners.ts";
import { poll } from "../../report/poll.ts";

export interface ReadyOptions {
  readonly seconds: number;
  /** How clients reach it; what its scheme says decides what an answer is. */
  readonly url: string;
  /** Ends the wait: then the server is not ready. */
  readonly signal: AbortSignal;
  /** Whether the server is somebody else's process, as one that a command has left to Docker. */
  readonly isAnybodys: boolean;
}

/** `null`: it is ready. Else why it is not. */
export async function awaitReady(lease: Lease, options: ReadyOptions): Promise<string | null> {
  const { seconds, signal } = options;
  const end = performance.now() + seconds * 1000;
  const ports = formatPorts(lease.ports);
  let why = "";
  const isReady = async (): Promise<boolean> => {
    const found = await lookAt(lease, options);
    why = `${found.isForeign ? "somebody else" : "nothing"} listens on ${ports}`;
    if (!found.isUp) return false;
    why = `what listens on ${ports} does not answer`;
    const question = { url: options.url, ms: Math.max(end - performance.now(), LEAST_MS), signal };
    const answered = await Promise.all(found.servers.map((one) => answers(one, question)));
    // Nobody connects to UDP.
    return answered.length === 0 || answered.some(Boolean);
  };
  return (await poll(isReady, { seconds, signal })) ? null : why;
}

interface Sight {
  readonly isUp: boolean;
  readonly isForeign: boolean;
  /** The sockets of it that take connections. */
  readonly servers: readonly Listener[];
}

function isTcp({ protocol }: Listener): boolean {
  return protocol === "tcp";
}

async function lookAt(lease: Lease, { isAnybodys }: ReadyOptions): Promise<Sight> {
  const listeners = await listenersOn(lease.ports);
  if (isAnybodys) {
    const isUp = lease.ports.every((port) => readinessOfPort(port, listeners).isReady);
    return { isUp, isForeign: false, servers: listeners.filter(isTcp) };
  }
  const { id, name, ports, protocols, addresses, holder, grantedAt, token, isHeldInKernel } = lease;
  const facts = { id, name, ports, protocols, addresses, holder, grantedAt, token, isHeldInKernel };
  const seen = { ...facts, heir: null, hasTimeLimit: false };
  const { isReady, foreign } = readinessOf(seen, listeners, viewer());
  const isOwn = (one: Listener): boolean => ownershipOf(one, seen, viewer()) !== "foreign";
  return {
    isUp: isReady,
    isForeign: foreign.length > 0,
    servers: listeners.filter((one) => isTcp(one) && isOwn(one)),
  };
}

/** How long an answer is waited for at least, that the last look is one. */
const LEAST_MS = 100;
/** For how long a server that is not asked anything must keep a connection: a proxy without its server closes it. */
const SILENCE_MS = 200;

interface Question {
  readonly url: string;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Whether a server answers a request over HTTP with anything; of another scheme, whether it keeps a connection. */
async function answers({ address, port }: Listener, { url, ms, signal }: Question): Promise<boolean> {
  const isTls = url.startsWith("https:");
  const isHttp = isTls || url.startsWith("http:");
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return await new Promise((resolve) => {
    // Its certificate is its owner's affair: it is asked whether it is there.
    const socket: Socket = isTls
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port });
    const done = (is: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(is);
    };
    const giveUp = (): void => done(false);
    let timer = setTimeout(giveUp, ms);
    signal.addEventListener("abort", giveUp);
    socket.once("data", () => done(true));
    socket.once("error", giveUp);
    socket.once("close", giveUp);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      if (isHttp) socket.write(requestFor(url));
      else {
        clearTimeout(timer);
        timer = setTimeout(() => done(true), SILENCE_MS);
      }
    });
  });
}

function requestFor(url: string): string {
  const { pathname, search, host } = new URL(url);
  return `HEAD ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: moorage\r\nConnection: close\r\n\r\n`;
}
