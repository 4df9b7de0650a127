// Sockets of one port on several addresses: on all of them, or nothing stays open.
//
// A TCP socket listens at once: with SO_REUSEADDR, which Node sets on all of them, a bind alone would not show
// that another program listens. A UDP socket has no SO_REUSEADDR, by which two programs could bind one port. An
// IPv6 socket leaves IPv4 alone, so that 0.0.0.0 and :: stand side by side.

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

import { formatEndpoint } from "../../core/binding.ts";
import type { IpAddress } from "../../core/ip-address.ts";
import { refusalOf } from "./refusals.ts";
import { keepConnections } from "./waiting-connections.ts";

/** What a port of each protocol is served with. */
export interface SocketOf {
  tcp: Server;
  udp: Socket;
}

/** A protocol that Node has sockets for. */
export type HostProtocol = keyof SocketOf;

export interface HostSocket<Kind> {
  readonly socket: Kind;
  /** Gives its endpoint back at once, also when somebody closed the socket before. */
  close(): void;
}

/** More than any `net.core.somaxconn`, the kernel's own bound, need be: that one holds. */
const BACKLOG = 65_535;

/**
 * Opens sockets in the order of the addresses.
 *
 * @throws PortError for what the kernel refuses; the signal's reason; the error itself when it says nothing
 * about the port.
 */
export async function openSockets<Protocol extends HostProtocol>(
  addresses: readonly IpAddress[],
  protocol: Protocol,
  port: number,
  signal: AbortSignal | undefined,
): Promise<HostSocket<SocketOf[Protocol]>[]> {
  const open = OPENERS[protocol];
  const opened: HostSocket<SocketOf[Protocol]>[] = [];
  try {
    for (const address of addresses) {
      try {
        opened.push(await open(address, port));
      } catch (error) {
        const endpoint = `${formatEndpoint(address, port)}/${protocol}`;
        throw refusalOf(error as NodeJS.ErrnoException, endpoint, address.text, port) ?? error;
      }
      signal?.throwIfAborted();
    }
    return opened;
  } catch (error) {
    for (const one of opened) one.close();
    throw error;
  }
}

type Openers = {
  readonly [Protocol in HostProtocol]: (
    address: IpAddress,
    port: number,
  ) => Promise<HostSocket<SocketOf[Protocol]>>;
};

const OPENERS: Openers = { tcp: listen, udp: bind };

async function listen(address: IpAddress, port: number): Promise<HostSocket<Server>> {
  const socket = createServer({ pauseOnConnect: true });
  const closeWaiting = keepConnections(socket);
  const ipv6Only = address.family === 6;
  socket.listen({ host: address.text, port, ipv6Only, exclusive: true, backlog: BACKLOG });
  await once(socket, "listening");
  const close = (): void => {
    socket.close();
    closeWaiting();
  };
  return { socket, close };
}

async function bind(address: IpAddress, port: number): Promise<HostSocket<Socket>> {
  const socket = address.family === 4 ? createSocket("udp4") : createSocket({ type: "udp6", ipv6Only: true });
  try {
    socket.bind({ address: address.text, port, exclusive: true });
    await once(socket, "listening");
  } catch (error) {
    socket.close();
    throw error;
  }
  const close = (): void => {
    try {
      socket.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_SOCKET_DGRAM_NOT_RUNNING") throw error;
    }
  };
  return { socket, close };
}
