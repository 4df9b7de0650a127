// The kernel's tables of sockets: /proc/net/tcp, tcp6, udp and udp6 (proc_pid_net(5)), those of this process's
// network namespace. A line that is not a socket's, or is cut off, says nothing.
//
// A socket that is bound and does not listen is in no table of TCP. The tables are read piece by piece while they
// change, so that a socket can be told twice; one that is there all the time is told.

import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { PortError, IpAddress, type Transport } from "../core/index.ts";
import { isHidden, isMissing } from "./proc.ts";

/** A socket that takes connections or datagrams. */
export interface ListeningSocket {
  readonly protocol: Transport;
  readonly address: IpAddress;
  readonly port: number;
  readonly uid: number;
  /** Tells it from all others, and what a file descriptor of its is a link to: "socket:[…]". */
  readonly inode: string;
}

const TABLES = [
  { name: "tcp", protocol: "tcp" },
  { name: "tcp6", protocol: "tcp" },
  { name: "udp", protocol: "udp" },
  { name: "udp6", protocol: "udp" },
] as const satisfies readonly { name: string; protocol: Transport }[];

/** TCP_LISTEN; for UDP, where one end is enough, TCP_CLOSE: not connected (include/net/tcp_states.h). */
const LISTENING: Readonly<Record<Transport, string>> = { tcp: "0A", udp: "07" };

/**
 * The sockets of the namespace that listen, on all ports or on one, in the order of their ports.
 *
 * @throws PortError `HOST_UNSUPPORTED` where this process may not see the tables.
 */
export async function readListeningSockets(port: number | undefined): Promise<ListeningSocket[]> {
  const texts = await Promise.all(TABLES.map(({ name }) => readTable(`/proc/self/net/${name}`)));
  const sockets = TABLES.flatMap(({ protocol }, at) => parseSockets(texts[at]!, protocol, port));
  const byInode = new Map(sockets.map((socket) => [socket.inode, socket]));
  return [...byInode.values()].toSorted(
    (a, b) =>
      a.port - b.port ||
      TRANSPORT_ORDER[a.protocol] - TRANSPORT_ORDER[b.protocol] ||
      a.address.compare(b.address),
  );
}

const TRANSPORT_ORDER: Readonly<Record<Transport, number>> = { tcp: 0, udp: 1 };

/**
 * The sockets of one table that listen.
 *
 * @param order of the bytes of this machine: the kernel writes addresses as the numbers they are to it
 */
export function parseSockets(
  table: string,
  protocol: Transport,
  port?: number,
  order: "LE" | "BE" = endianness(),
): ListeningSocket[] {
  const addresses = new Map<string, IpAddress>();
  const addressOf = (hex: string): IpAddress => {
    const known = addresses.get(hex);
    if (known) return known;
    const address = parseAddress(hex, order);
    addresses.set(hex, address);
    return address;
  };
  return [...table.matchAll(lineOf(protocol, port))].map(([, hex, portHex, uid, inode]) => ({
    protocol,
    address: addressOf(hex!),
    port: Number.parseInt(portHex!, 16),
    uid: Number(uid),
    inode: inode!,
  }));
}

/** Finds the lines of sockets that listen, whatever else is in the table: local address, port, user, inode. */
function lineOf(protocol: Transport, port: number | undefined): RegExp {
  const address = "(?:[0-9A-F]{8}|[0-9A-F]{32})";
  const onPort = port === undefined ? "[0-9A-F]{4}" : port.toString(16).toUpperCase().padStart(4, "0");
  const ends = `(${address}):(${onPort}) ${address}:[0-9A-F]{4} ${LISTENING[protocol]}`;
  const queuesAndTimers = "[0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ [0-9A-F]+";
  return new RegExp(`^ *\\d+: ${ends} ${queuesAndTimers} +(\\d+) +\\d+ (\\d+) `, "gmu");
}

/**
 * An address as 32-bit numbers of 8 digits, each in the byte order of the machine. An IPv4-mapped one is the
 * IPv4 address that it stands for: to the kernel they are one thing.
 */
function parseAddress(hex: string, order: "LE" | "BE"): IpAddress {
  const bytes = Buffer.from(hex, "hex");
  if (order === "LE") bytes.swap32();
  if (bytes.length === 4) return IpAddress.parse(bytes.join("."));
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return IpAddress.parse(groups.join(":")).unmap();
}

/** Nothing where there is no such table: no IPv6, no UDP. */
async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    if (isMissing(error)) return "";
    if (!isHidden(error)) throw error;
    const message = `${path} cannot be read: this process is not told who listens`;
    throw new PortError("HOST_UNSUPPORTED", message, { missing: path }, { cause: error });
  }
}
