// inspect(): the leases of a registry beside who listens on this machine.

import { type AbortableOptions, expectSignal, type Host, type Listener } from "../contract/index.ts";
import { describe, expectOptions } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import {
  inspected,
  type InspectedLease,
  type InspectedReservation,
  inspectReservations,
  type Sight,
  type Sighting,
  sightings,
} from "../inspect/index.ts";
import type { LeaseInfo, Registry } from "../registry/index.ts";

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
  const { leases, sightingOf, reservations } = await survey(registry, options);
  return { leases: leases.map((lease) => inspected(lease, sightingOf(lease))), reservations };
}

/** What an inspection is made of. Of very many leases, it is less to keep. */
export interface Survey {
  /** In the order of their first ports. */
  readonly leases: readonly LeaseInfo[];
  readonly sightingOf: (lease: LeaseInfo) => Sighting;
  readonly reservations: readonly InspectedReservation[];
}

/** As `inspect`. */
export async function survey(
  registry: Pick<Registry, "list" | "reservations">,
  options: AbortableOptions = {},
): Promise<Survey> {
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
    leases,
    sightingOf: sightings(sightOf(host, listeners)),
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
