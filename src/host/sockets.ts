// Sockets that are bound and do nothing else. The one place that knows how a runtime makes them.
//
// Node 24.19, 26.4 and newer have net.BoundSocket. All from 20 to 26 have net._createServerHandle, by which
// `cluster` binds: undocumented, but without the warning that process.binding() can print, and allowed
// wherever sockets are. A runtime that has neither can only bind in order to listen.
//
// A TCP socket has SO_REUSEADDR, as Node always sets it: it stands beside others that are only bound and have
// it too, sees all that listen, and is seen by nobody in /proc/net.

import net from "node:net";
import { getSystemErrorName } from "node:util";
import type { Endpoint } from "./endpoint.ts";

export interface BoundSocket {
  /** Gives its endpoint back at once; called once. */
  close(): void;
  /** Its file descriptor; -1 where the system has none. */
  fd(): number;
}

/** Binds at once. Throws what the kernel says against it, as an error with a `code`. */
export type BindTcp = (endpoint: Endpoint) => BoundSocket;

/** What a `net` module may have beside what all have. */
export interface NetModule {
  readonly BoundSocket?: new (options: { host: string; port: number; ipv6Only: boolean }) => BoundSocket;
  /** Returns a negative error number when it cannot. Without a port and a type, the address is a path. */
  readonly _createServerHandle?: (
    address: string,
    port: number,
    type: 4 | 6 | -1,
    fd: number,
    flags: number,
  ) => Handle | number;
}

interface Handle {
  readonly fd: number;
  close(): void;
  /** Returns a negative error number when it cannot. */
  getsockname(address: object): number;
}

/** UV_TCP_IPV6ONLY. */
const IPV6_ONLY = 1;

const OWN: NetModule = net as object;

/** By what this runtime binds TCP sockets without listening, or `undefined` where it can only listen. */
export function bindingWay(
  runtime: NetModule = OWN,
): "net.BoundSocket" | "net._createServerHandle" | undefined {
  const { BoundSocket, _createServerHandle: createHandle } = runtime;
  if (BoundSocket) return "net.BoundSocket";
  return createHandle && "net._createServerHandle";
}

/** How this runtime binds TCP sockets, or `undefined` where it can only listen. */
export function chooseBindTcp(runtime: NetModule = OWN): BindTcp | undefined {
  const { BoundSocket, _createServerHandle: createHandle } = runtime;
  if (BoundSocket) return ({ host, port, v6only }) => new BoundSocket({ host, port, ipv6Only: v6only });
  if (!createHandle) return undefined;
  return ({ host, port, v6only }) => {
    const handle = createHandle(host, port, host.includes(":") ? 6 : 4, -1, v6only ? IPV6_ONLY : 0);
    if (typeof handle === "number") throw systemError("bind", handle);
    // The runtime keeps an EADDRINUSE back until the next call.
    const refusal = handle.getsockname({});
    if (refusal === 0) return { close: () => handle.close(), fd: () => handle.fd };
    handle.close();
    throw systemError("bind", refusal);
  };
}

/**
 * Why a unix socket cannot be bound to `path`, tried by binding it: `undefined` when it can be now, or when
 * this runtime does not tell.
 */
export function whyNotUnix(path: string, runtime: NetModule = OWN): NodeJS.ErrnoException | undefined {
  const { _createServerHandle: createHandle } = runtime;
  const handle = createHandle?.(path, -1, -1, -1, 0);
  if (typeof handle === "number") return systemError("bind", handle);
  handle?.close();
  return undefined;
}

/** An error as Node makes it of what the system said: `errno` is negative. */
export function systemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
}
