// What a port number alone says, and what the kernel would answer who binds it now.

import type { Listener, PortSettings } from "../contract/index.ts";
import { type Binding, bindingOf, conflictsAtBind, type Transport } from "../core/index.ts";
import { REFUSED_BY_BROWSERS } from "./browser-ports.ts";
import { type Extent, toBinding } from "./meeting.ts";

/** What a number says, whoever has it. */
export interface PortFacts {
  /** Whether the kernel gives it to bind(0) and connect(). */
  readonly isEphemeral: boolean;
  /** Whether the kernel is told never to give it so (`ip_local_reserved_ports`). */
  readonly isReserved: boolean;
  /** Whether binding it takes a privilege (`ip_unprivileged_port_start`). */
  readonly isPrivileged: boolean;
  /** Whether browsers refuse to connect to it (WHATWG Fetch, bad ports). */
  readonly isRefusedByBrowsers: boolean;
}

export function portFacts(port: number, { ephemeral, reserved, unprivilegedStart }: PortSettings): PortFacts {
  return {
    isEphemeral: port >= ephemeral.first && port <= ephemeral.last && !reserved.includes(port),
    isReserved: reserved.includes(port),
    isPrivileged: port < unprivilegedStart,
    isRefusedByBrowsers: REFUSED_BY_BROWSERS.has(port),
  };
}

/**
 * Why the kernel would refuse a server. `listener`: a socket listens on an address that both claim (EADDRINUSE).
 * `datagram`: a UDP socket is bound there; with SO_REUSEADDR only if that one has it not, which the system does not
 * tell. `hold`: the holder of a lease keeps the port with a socket that is bound and does not listen.
 */
interface Obstacle {
  readonly rule: "listener" | "datagram" | "hold";
  readonly address: string;
}

/** Whether a server could bind the whole port, on every address of both families, and listen. */
export interface Outlook {
  readonly protocol: Transport;
  /** Whether the server sets SO_REUSEADDR, as Node's and most others do. */
  readonly reuseAddress: boolean;
  /** `null`: nothing that is known of stands in its way. */
  readonly refusedBy: Obstacle | null;
}

/**
 * By the kernel's rule, for both protocols, without SO_REUSEADDR and with it. Sockets that are bound and nothing more
 * are not known of, except for the holds of leases.
 *
 * @param held the leases whose holder keeps them in the kernel, which it can for TCP
 */
export function outlooks(port: number, listeners: readonly Listener[], held: readonly Extent[]): Outlook[] {
  const known: [Binding, Obstacle][] = listeners.map((listener) => [
    toBinding(listener),
    { rule: listener.protocol === "tcp" ? "listener" : "datagram", address: listener.address },
  ]);
  for (const address of held.flatMap(({ addresses }) => addresses)) {
    const hold = bindingOf({ protocol: "tcp", address, port, reuseAddress: true });
    known.push([hold, { rule: "hold", address }]);
  }
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    [false, true].map((reuseAddress) => {
      const server = bindingOf({ protocol, port, reuseAddress });
      const obstacle = known.find(([existing]) => conflictsAtBind(existing, server));
      return { protocol, reuseAddress, refusedBy: obstacle?.[1] ?? null };
    }),
  );
}
