// Other programs' sockets, on ports that no other test uses, closed with their test.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

import { onTestFinished } from "vitest";

import { bindingOf, type Transport } from "../../src/core/index.ts";

export interface Stranger {
  readonly port: number;
  close(): Promise<void>;
}

/** Binds `address` on `port`, and listens where the protocol does. Rejects as the kernel does. */
export async function occupy(address: string, port: number, protocol: Transport = "tcp"): Promise<Stranger> {
  const socket = protocol === "tcp" ? listen(address, port) : bind(address, port);
  await once(socket, "listening");
  let closed: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    if (!closed) {
      closed = once(socket, "close");
      socket.close();
    }
    await closed;
  };
  onTestFinished(close);
  return { port, close };
}

/** A port that nobody has a socket on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen({ host: "::", port: 0, exclusive: true });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function listen(host: string, port: number): ReturnType<typeof createServer> {
  return createServer().listen({ host, port, ipv6Only: host === "::1", exclusive: true });
}

function bind(address: string, port: number): ReturnType<typeof createSocket> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.bind({ address, port, exclusive: true });
  return socket;
}

/** What a request for the whole port is about. */
export function wholePort(port: number, protocol: Transport = "tcp"): ReturnType<typeof bindingOf> {
  return bindingOf({ protocol, address: "::", port });
}
