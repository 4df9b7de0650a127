// Processes, sockets, leases and times in words, as several commands show them.

import { userInfo } from "node:os";
import type { Listener, ProcessIdentity, SocketOwner } from "../contract/index.ts";
import { formatEndpoint, IpAddress, PortSet } from "../core/index.ts";
import type { Extent, InspectedLease } from "../inspect/index.ts";
import { formatHolder } from "../registry/index.ts";

/** "12s", "5m", "3h", "2d": the largest unit that fits. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** "20000-20002/udp on 127.0.0.1"; what is usual is left out. */
export function formatPlace({ ports, protocols, addresses }: Extent): string {
  const numbers = ports.length === 1 ? String(ports[0]) : String(PortSet.of(ports));
  const protocol = joined(protocols, "+");
  const place = joined(addresses, ", ");
  return `${numbers}${protocol === "tcp" ? "" : `/${protocol}`}${place === "::" ? "" : ` on ${place}`}`;
}

/** Nearly all lists have one text, of a hundred thousand leases too. */
function joined(texts: readonly string[], separator: string): string {
  return texts.length === 1 ? texts[0]! : texts.join(separator);
}

/** A text of somebody else's, as a name of a folder, without what moves a terminal's cursor or colours it. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");
}

/** The name of the user who runs this; without one, as in a container, the number. */
export function userName(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${uid}`;
  }
}

/** Who has a lease: the process that it lives with, or the holder it had. */
export function tenantOf(lease: Pick<InspectedLease, "holder" | "heir" | "livesWith">): ProcessIdentity {
  return (lease.livesWith === "heir" ? lease.heir : null) ?? lease.holder;
}

/** The process of the lease's own that listens, else the one that the lease lives with. */
export function processOf(lease: InspectedLease): Pick<ProcessIdentity, "pid" | "command" | "machine"> {
  if (!lease.listeners?.length) return tenantOf(lease);
  const own = lease.listeners.find(({ ownership }) => ownership === "own");
  return own?.owners[0] ?? tenantOf(lease);
}

/** "tcp 127.0.0.1:3000", "udp [::]:53". */
export function formatSocket({ protocol, address, port }: Listener): string {
  return `${protocol} ${formatEndpoint(IpAddress.parse(address), port)}`;
}

/** "node server.js (pid 42) in /home/ann/shop, container 0123456789ab". */
export function formatOwner(owner: SocketOwner): string {
  const { folder, container } = owner;
  const where = folder === null ? "" : ` in ${printable(folder)}`;
  return formatHolder(owner) + where + (container === null ? "" : `, container ${shortContainer(container)}`);
}

/** Who has a socket: the first of its processes, or what is known of one that cannot be seen. */
export function formatOwners({ uid, owners }: Pick<Listener, "uid" | "owners">): string {
  const [first, ...others] = owners;
  if (!first)
    return `a process${uid === null ? "" : ` of uid ${uid}`} that cannot be seen from here (sudo may show it)`;
  return formatOwner(first) + (others.length === 0 ? "" : ` and ${others.length} more of its processes`);
}

/** Who listens where, a line for each who: "node server.js (pid 42) in /home/ann/shop, on tcp [::]:3000". */
export function formatListeners(listeners: readonly Listener[]): string[] {
  const sockets = new Map<string, Listener[]>();
  for (const listener of listeners) {
    const who = formatOwners(listener);
    const known = sockets.get(who);
    if (known) known.push(listener);
    else sockets.set(who, [listener]);
  }
  return [...sockets].map(([who, [first, ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `${who}, on ${formatSocket(first!)}${more}`;
  });
}

/** The 12 digits by which a container is known. */
export function shortContainer(id: string): string {
  return id.slice(0, 12);
}
