// Real sockets for the comparison with the kernel: servers, datagram sockets, and clients from a fixed port.
//
// A client with a local address and port is the one way to a TCP socket that is bound and does not listen.
// Node gives every TCP socket it binds SO_REUSEADDR.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { type Binding, bindingOf } from "../../src/core/binding.ts";

export interface SocketPlan {
  readonly what: "server" | "client" | "datagram";
  readonly address: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  /** For datagram sockets alone: TCP sockets always have it. */
  readonly reuseAddr: boolean;
  readonly reusePort: boolean;
}

export interface LiveSocket {
  close(): Promise<void>;
}

export function bindingOfPlan(plan: SocketPlan): Binding {
  return bindingOf({
    protocol: plan.what === "datagram" ? "udp" : "tcp",
    address: plan.address,
    port: plan.port,
    v6only: plan.ipv6Only,
    reuseAddress: plan.what !== "datagram" || plan.reuseAddr,
    reusePort: plan.reusePort,
    listening: plan.what === "server",
  });
}

/** Opens the socket, or says that the address is in use by `undefined`. */
export async function open(plan: SocketPlan, peer: Peer): Promise<LiveSocket | undefined> {
  try {
    if (plan.what === "server") return await openServer(plan);
    if (plan.what === "client") return await openClient(plan, peer);
    return await openDatagram(plan);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
}

async function openServer({ address, port, ipv6Only, reusePort }: SocketPlan): Promise<LiveSocket> {
  const server = createServer();
  const options = { host: address, port, ipv6Only, exclusive: true };
  server.listen(reusePort ? { ...options, reusePort } : options);
  await once(server, "listening");
  return { close: () => closed(server) };
}

async function openClient({ address, port }: SocketPlan, peer: Peer): Promise<LiveSocket> {
  const family = address.includes(":") ? 6 : 4;
  const socket = connect({ ...peer.endpoint(family), localAddress: address, localPort: port });
  await once(socket, "connect");
  return {
    async close(): Promise<void> {
      const gone = once(socket, "close");
      socket.resetAndDestroy();
      await gone;
    },
  };
}

async function openDatagram(plan: SocketPlan): Promise<LiveSocket> {
  const { address, port, ipv6Only, reuseAddr, reusePort } = plan;
  const options = { type: address.includes(":") ? "udp6" : "udp4", ipv6Only, reuseAddr } as const;
  const sharing = { ...options, reusePort };
  const socket = createSocket(reusePort ? sharing : options);
  const close = async (): Promise<void> => {
    const gone = once(socket, "close");
    socket.close();
    await gone;
  };
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, "listening");
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** Whom the clients connect to, on ports of the kernel's choice. */
export class Peer {
  readonly #servers = new Map<4 | 6, Server>();

  static async start(families: readonly (4 | 6)[]): Promise<Peer> {
    const peer = new Peer();
    for (const family of families) {
      const server = createServer((socket) => socket.on("error", () => socket.destroy()));
      server.listen({ host: family === 4 ? "127.0.0.1" : "::1", port: 0, exclusive: true });
      await once(server, "listening");
      peer.#servers.set(family, server);
    }
    return peer;
  }

  endpoint(family: 4 | 6): { host: string; port: number } {
    const { address, port } = this.#servers.get(family)!.address() as AddressInfo;
    return { host: address, port };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(closed));
  }
}

async function closed(server: Server): Promise<void> {
  const gone = once(server, "close");
  server.close();
  await gone;
}

export function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1"),
  );
}

/** Whether `listen` and `createSocket` know `reusePort`; older versions ignore it without a word. */
export function knowsReusePort(): boolean {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** A block of numbers in a row that nobody uses, where the kernel does not pick by itself. */
export async function freeBlock(length: number, peer: Peer): Promise<number[]> {
  const [low, high] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")
    .trim()
    .split(/\s+/u)
    .map(Number);
  const first = 20_000 + ((process.pid * length) % 8_000);
  for (let start = first; start < 65_000; start += length) {
    const block = Array.from({ length }, (_, i) => start + i);
    if (block.some((port) => port >= low! && port <= high!)) continue;
    if (await isUnused(block, peer)) return block;
  }
  throw new Error("there is no block of free ports outside the kernel's own range");
}

async function isUnused(ports: readonly number[], peer: Peer): Promise<boolean> {
  const address = hasIPv6() ? "::" : "0.0.0.0";
  const sockets: (LiveSocket | undefined)[] = [];
  for (const port of ports) {
    for (const what of ["server", "datagram"] as const) {
      sockets.push(
        await open({ what, address, port, ipv6Only: false, reuseAddr: false, reusePort: false }, peer),
      );
    }
  }
  for (const socket of sockets) await socket?.close();
  return !sockets.includes(undefined);
}
