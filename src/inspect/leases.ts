// The state of each lease: what the registry says of its holder, beside who listens on its ports.
//
//                           nothing listens             its own listens    somebody else listens
//   its holder lives        held; starting with an heir listening          taken
//   only its heir lives     starting                    orphaned           taken
//   the lease is over       free                        orphaned           taken
//
// Somebody else outweighs its own: then `localhost` may reach either. What cannot be told counts as its own.

import type { Listener, Liveness, ProcessIdentity } from "../contract/index.ts";
import type { LeaseInfo, Reservation } from "../registry/index.ts";
import { byPort, hasListener, type ListenersByPort, meeting } from "./meeting.ts";
import { type Ownership, ownershipOf } from "./ownership.ts";

/**
 * `listening`: its holder lives, and something of the lease listens. `held`: its holder has it and nothing listens.
 * `starting`: a command was started on it, which lives and does not listen. `orphaned`: its holder is gone, or its time is
 * over, and something of it still listens. `free`: its holder is gone and nothing listens; the ports go to whoever asks next. `taken`: somebody
 * else listens on one of its ports.
 */
export type LeaseState = "listening" | "held" | "starting" | "orphaned" | "free" | "taken";

/** A listener on a leased port. */
export interface LeasedListener extends Listener {
  readonly ownership: Ownership;
}

/** What is seen of a lease, beside what the registry says of it. */
export interface Sighting {
  readonly state: LeaseState;
  /** What it lives with now: its heir where that has outlived the holder. `null`: with nothing, it is over. */
  readonly livesWith: "holder" | "heir" | "time" | null;
  /** Whether the holder keeps it in the kernel now: a hold goes with its process, and an heir has none. */
  readonly isHeldInKernel: boolean;
  /** Whoever listens on what it covers, in the order of its ports; `null` where the system does not tell. */
  readonly listeners: readonly LeasedListener[] | null;
}

/** A lease with who listens on it. */
export interface InspectedLease extends Omit<LeaseInfo, keyof Sighting>, Sighting {}

/** What a name keeps, with who listens on it. */
export interface InspectedReservation extends Reservation {
  /** `leased`: its name has a lease. `kept`: it has none. `taken`: it has none, and somebody listens. */
  readonly state: "leased" | "kept" | "taken";
  /** As of a lease. */
  readonly listeners: readonly Listener[] | null;
}

const NOBODY: readonly never[] = [];

/** What an inspection goes by. */
export interface Sight {
  /** All listeners, or at least those on the ports in question; `undefined` where the system does not tell. */
  readonly listeners: readonly Listener[] | undefined;
  /** The user id of this process; `null` where the system has none. */
  readonly viewer: number | null;
  readonly liveness: (process: ProcessIdentity) => Liveness;
}

/** Each lease with its state, in the order given. Time grows with leased ports and listeners, not their product. */
export function inspectLeases(leases: readonly LeaseInfo[], sight: Sight): InspectedLease[] {
  const sightingOf = sightings(sight);
  return leases.map((lease) => inspected(lease, sightingOf(lease)));
}

/**
 * What is seen of leases, one by one; of the same one always the same. Nearly all of very many live with their holder alone
 * and have no listener: they share what there is to say, and nothing is kept of them.
 */
export function sightings(sight: Sight): (lease: LeaseInfo) => Sighting {
  const all = sight.listeners && byPort(sight.listeners);
  const listeners = all ? NOBODY : null;
  const over: Sighting = { state: "free", livesWith: null, isHeldInKernel: false, listeners };
  const held: Sighting = { ...over, state: "held", livesWith: "holder" };
  const heldInKernel: Sighting = { ...held, isHeldInKernel: true };
  const others = new Map<LeaseInfo, Sighting>();
  return (lease) => {
    if (lease.heir === null && !lease.hasTimeLimit && !(all && hasListener(lease, all))) {
      if (lease.state !== "held") return over;
      return lease.isHeldInKernel ? heldInKernel : held;
    }
    const known = others.get(lease);
    if (known) return known;
    const seen = look(lease, all, sight);
    others.set(lease, seen);
    return seen;
  };
}

/** Field by field: that takes a seventh of the time of a spread, of a hundred thousand leases 120 ms less. */
export function inspected(
  lease: LeaseInfo,
  { livesWith, isHeldInKernel, state, listeners }: Sighting,
): InspectedLease {
  return {
    id: lease.id,
    name: lease.name,
    protocols: lease.protocols,
    addresses: lease.addresses,
    ports: lease.ports,
    holder: lease.holder,
    heir: lease.heir,
    livesWith,
    isHeldInKernel,
    state,
    hasTimeLimit: lease.hasTimeLimit,
    grantedAt: lease.grantedAt,
    token: lease.token,
    listeners,
  };
}

/** What names keep, each with its state, in the order given. */
export function inspectReservations(
  reservations: readonly Reservation[],
  leases: readonly Pick<LeaseInfo, "name">[],
  listeners: readonly Listener[] | undefined,
): InspectedReservation[] {
  if (reservations.length === 0) return [];
  const leased = new Set(leases.map(({ name }) => name));
  const all = listeners && byPort(listeners);
  return reservations.map((reservation) => {
    const found = all ? meeting(reservation, all) : null;
    const alone = found && found.length > 0 ? "taken" : "kept";
    return {
      ...reservation,
      state: leased.has(reservation.name) ? "leased" : alone,
      listeners: found,
    };
  });
}

function look(lease: LeaseInfo, all: ListenersByPort | undefined, sight: Sight): Sighting {
  const hasHolder = holderLives(lease, sight);
  const owned = (one: Listener): LeasedListener => ({
    ...one,
    ownership: ownershipOf(one, lease, sight.viewer),
  });
  const listeners = all ? meeting(lease, all).map(owned) : null;
  return {
    state: stateOf(lease, hasHolder, listeners),
    livesWith: lifeOf(lease, hasHolder),
    isHeldInKernel: lease.isHeldInKernel && hasHolder,
    listeners,
  };
}

/** The registry has said it already of a lease that lives with its holder alone: it is not asked about. */
function holderLives({ state, holder, heir, hasTimeLimit }: LeaseInfo, { liveness }: Sight): boolean {
  if (hasTimeLimit || (state === "held" && heir !== null)) return liveness(holder) !== "dead";
  return state === "held";
}

function lifeOf({ state, hasTimeLimit }: LeaseInfo, hasHolder: boolean): InspectedLease["livesWith"] {
  if (state !== "held") return null;
  if (hasTimeLimit) return "time";
  return hasHolder ? "holder" : "heir";
}

function stateOf(
  { state, heir }: LeaseInfo,
  hasHolder: boolean,
  listeners: readonly LeasedListener[] | null,
): LeaseState {
  if (listeners?.some(({ ownership }) => ownership === "foreign")) return "taken";
  if (listeners && listeners.length > 0) return state === "held" && hasHolder ? "listening" : "orphaned";
  if (state !== "held") return "free";
  // Where the system does not tell who listens, it may be up.
  return listeners && heir !== null ? "starting" : "held";
}
