// Which listeners are on what a lease covers: the kernel's rule decides.

import type { Listener } from "../contract/index.ts";
import { type Binding, bindingOf, conflictsAtBind } from "../core/index.ts";
import type { Reservation } from "../registry/index.ts";

/** Ports with what is claimed of them: a lease, or what a name keeps. */
export type Extent = Pick<Reservation, "ports" | "protocols" | "addresses">;

/** Listeners by their port. */
export type ListenersByPort = ReadonlyMap<number, readonly Listener[]>;

export function byPort(listeners: readonly Listener[]): ListenersByPort {
  const ports = new Map<number, Listener[]>();
  for (const listener of listeners) {
    const known = ports.get(listener.port);
    if (known) known.push(listener);
    else ports.set(listener.port, [listener]);
  }
  return ports;
}

const NOBODY: readonly never[] = [];

/** Whether anybody listens on one of these ports, whatever the protocol and the address. */
export function hasListener({ ports }: Pick<Extent, "ports">, all: ListenersByPort): boolean {
  return ports.length === 1 ? all.has(ports[0]!) : ports.some((port) => all.has(port));
}

/** Those that stand in the way of an extent: its protocol, and an address that both claim. In its order of ports. */
export function meeting(extent: Extent, all: ListenersByPort): readonly Listener[] {
  const { ports, protocols, addresses } = extent;
  // Nearly all leases of a crowded machine: they share one empty list.
  if (!hasListener(extent, all)) return NOBODY;
  const found: Listener[] = [];
  for (const port of ports) {
    for (const listener of all.get(port) ?? []) {
      const { protocol } = listener;
      if (!protocols.includes(protocol)) continue;
      const existing = toBinding(listener);
      // Without a flag, a conflict is the same as an address in common.
      if (addresses.some((address) => conflictsAtBind(existing, bindingOf({ protocol, address, port })))) {
        found.push(listener);
      }
    }
  }
  return found;
}

/**
 * The binding of a listener, as far as the system tells: the flags of its socket are not known, and "::" counts as
 * both families, which it is unless a program asked otherwise.
 */
export function toBinding({ protocol, address, port }: Listener): Binding {
  return bindingOf({ protocol, address, port, listening: true });
}
