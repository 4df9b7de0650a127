// How holders are told alive, and until when a lease lives: the one thing that differs between a store of one
// machine and an engine that machines share. It is chosen when a registry is opened; see holders-by-host.ts and
// holders-by-session.ts.

import type {
  AbortSignalLike,
  BootTime,
  Departure,
  ProcessIdentity,
  Slot,
  SlotChange,
  SlotChanges,
} from "../contract/index.ts";
import type { LossReason } from "./refusals.ts";

/** Until when a holder may use its ports, as it moves on. */
export interface Term {
  /** In milliseconds since the boot; `Infinity`: there is no limit. */
  readonly deadline: number;
}

/** Of a lease that nothing but its own end can end. */
export const ENDLESS: Term = { deadline: Infinity };

/** What a lease lives with. */
export interface Tenure {
  /** The id of the lease. */
  readonly lease: string;
  /** The id of its session; `null`: it lives with the process of its holder alone. */
  readonly session: string | null;
  /** The time limit of the lease itself, as it was given: at least what was asked for. */
  readonly ttlMs: number | null;
  readonly term: Term;
  /** The change that writes its session, for every commit that claims ports; `undefined`: it is there already. */
  readonly write?: ((ifRevision: number) => SlotChange) | undefined;
  /** Keeps it up until what is returned is called, when the lease is over; `undefined`: there is nothing to keep up. */
  readonly keep?: ((keeping: Keeping) => () => void) | undefined;
  /** Gives it up: nothing was granted. `undefined`: that leaves nothing behind. */
  readonly drop?: (() => void) | undefined;
}

/** A lease that is to be kept up. */
interface Keeping {
  /** The revision of the slot of its session, where the grant wrote it. */
  readonly revision: number;
  /** Called when the lease is lost. */
  readonly onLoss: (reason: LossReason) => void;
}

export interface Holders {
  /** How many times a request takes ports at first sight before it reads what is in its way. */
  readonly sights: number;
  /** Where the slots of sessions are. */
  readonly sessionScope: string;
  /** Whether the session lives whose slot this is, as it was read. */
  isRunning(session: Slot | undefined): boolean;
  /** Whether a holder that is dead may have died a moment ago, so that its quarantine is still to come. */
  mayHaveJustDied(holder: ProcessIdentity): boolean;
  /** How much longer a port is in quarantine that was left like this, in the slot of this key. */
  remainingMs(key: string, left: Departure, awake: () => BootTime): number;
  /**
   * What a lease lives with that is about to be granted.
   *
   * @throws the errors of the store
   */
  tenureOf(lease: string, ttlMs: number | null): Tenure | Promise<Tenure>;
  /**
   * Until when a lease may be used that its holder has already, and this registry has not: it is kept up from here too.
   * `undefined`: it is over.
   */
  join(session: string | null): Term | Promise<Term | undefined>;
  /** The id of the session that who waits is told alive by; `undefined`: its process is. */
  waitingSession(): Promise<string | undefined>;
  /**
   * What happens to the ports of a scope; `undefined`: what ends a lease is on this machine and shows at its guard.
   */
  readonly follow:
    ((scope: string, signal: AbortSignalLike) => AsyncIterableIterator<SlotChanges>) | undefined;
  /** @param leavesLeases whether there are leases that go on without this registry */
  close(leavesLeases: boolean): Promise<void>;
}
