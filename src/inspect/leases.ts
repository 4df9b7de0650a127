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
import { byPort, type ListenersByPort, meeting } from "./meeting.ts";
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

/** A lease with who listens on it. */
export interface InspectedLease extends Omit<LeaseInfo, "state"> {
  readonly state: LeaseState;
  /** What it lives with now: its heir where that has outlived the holder. `null`: with nothing, it is over. */
  readonly livesWith: "holder" | "heir" | "time" | null;
  /** Whether the holder keeps it in the kernel now: a hold goes with its process, and an heir has none. */
  readonly isHeldInKernel: boolean;
  /** Whoever listens on what it covers, in the order of its ports; `null` where the system does not tell. */
  readonly listeners: readonly LeasedListener[] | null;
}

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
  const { listeners } = sight;
  if (!listeners) {
    return leases.map((lease) => inspected(lease, stateAlone(lease), { sight, listeners: null }));
  }
  const all = byPort(listeners);
  return leases.map((lease) => inspectLease(lease, all, sight));
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

function inspectLease(lease: LeaseInfo, all: ListenersByPort, sight: Sight): InspectedLease {
  const found = meeting(lease, all);
  if (found.length === 0) {
    const isStarting = lease.state === "held" && lease.heir !== null;
    return inspected(lease, isStarting ? "starting" : stateAlone(lease), { sight, listeners: NOBODY });
  }
  const listeners = found.map((listener) => ({
    ...listener,
    ownership: ownershipOf(listener, lease, sight.viewer),
  }));
  return inspected(lease, stateAmong(listeners, lease, sight), { sight, listeners });
}

/** Field by field: that takes a seventh of the time of a spread, of a hundred thousand leases 120 ms less. */
function inspected(
  lease: LeaseInfo,
  state: LeaseState,
  { sight, listeners }: { readonly sight: Sight; readonly listeners: InspectedLease["listeners"] },
): InspectedLease {
  const hasHolder = holderLives(lease, sight);
  return {
    id: lease.id,
    name: lease.name,
    protocols: lease.protocols,
    addresses: lease.addresses,
    ports: lease.ports,
    holder: lease.holder,
    heir: lease.heir,
    livesWith: lifeOf(lease, hasHolder),
    isHeldInKernel: lease.isHeldInKernel && hasHolder,
    state,
    hasTimeLimit: lease.hasTimeLimit,
    grantedAt: lease.grantedAt,
    token: lease.token,
    listeners,
  };
}

/** The registry has said it already of a lease that lives with its holder alone: nearly all are, and not asked about. */
function holderLives({ state, holder, heir, hasTimeLimit }: LeaseInfo, { liveness }: Sight): boolean {
  if (hasTimeLimit || (state === "held" && heir !== null)) return liveness(holder) !== "dead";
  return state === "held";
}

function lifeOf({ state, hasTimeLimit }: LeaseInfo, hasHolder: boolean): InspectedLease["livesWith"] {
  if (state !== "held") return null;
  if (hasTimeLimit) return "time";
  return hasHolder ? "holder" : "heir";
}

function stateAmong(listeners: readonly LeasedListener[], lease: LeaseInfo, sight: Sight): LeaseState {
  if (listeners.some(({ ownership }) => ownership === "foreign")) return "taken";
  return lease.state === "held" && holderLives(lease, sight) ? "listening" : "orphaned";
}

function stateAlone({ state }: LeaseInfo): LeaseState {
  return state === "held" ? "held" : "free";
}
