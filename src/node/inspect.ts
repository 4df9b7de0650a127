// inspect(): the leases of a registry beside who listens on this machine.

import { type AbortableOptions, expectSignal, type Host, type Listener } from "../contract/index.ts";
import { describe, expectOptions } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import {
  inspectLeases,
  type InspectedLease,
  type InspectedReservation,
  inspectReservations,
  type Sight,
} from "../inspect/index.ts";
import type { Registry } from "../registry/index.ts";

/** What `moorage ls` shows. */
export interface Inspection {
  /** In the order of their first ports. */
  readonly leases: readonly InspectedLease[];
  /** What names keep, in the order of the names. */
  readonly reservations: readonly InspectedReservation[];
}

/**
 * All leases of a registry and all that names keep, with who listens there now. Where the system does not tell who
 * listens (all but Linux), `listeners` is `null`, and leases are `held` or `free`.
 *
 * @throws TypeError for what is no registry; as `registry.list`.
 * @example
 * import { inspect, open } from "moorage";
 *
 * await using registry = await open();
 * const { leases } = await inspect(registry);
 * for (const { name, state } of leases) console.log(name, state);
 */
export async function inspect(
  registry: Pick<Registry, "list" | "reservations">,
  options: AbortableOptions = {},
): Promise<Inspection> {
  expectRegistry(registry);
  expectOptions("inspect", options, ["signal"]);
  expectSignal(options.signal);
  const host = openHost();
  const [listeners, leases, reservations] = await Promise.all([
    host.listeners?.(options) ?? Promise.resolve(undefined),
    registry.list(options),
    registry.reservations(options),
  ]);
  return {
    leases: inspectLeases(leases, sightOf(host, listeners)),
    reservations: inspectReservations(reservations, leases, listeners),
  };
}

function expectRegistry(value: unknown): void {
  const has = (call: string): boolean =>
    typeof (value as Partial<Record<string, unknown>> | null | undefined)?.[call] === "function";
  if (has("list") && has("reservations")) return;
  throw new TypeError(`\`registry\`: expected what open() returns, received ${describe(value)}`);
}

/** What this process goes by when it inspects leases. */
export function sightOf(host: Host, listeners: readonly Listener[] | undefined): Sight {
  return { listeners, viewer: viewer(), liveness: (one) => host.liveness(one) };
}

/** The user id of this process; `null` where the system has none. */
export function viewer(): number | null {
  return process.getuid?.() ?? null;
}
