// Which claims are alive, as one request sees it.
//
// A claim lives with the process of its holder and then with its heir, on the host's word; with a session of its own,
// until the time that its slot says; on an engine of many machines with both the session and the process, where the
// host knows anything of that. A process that cannot be judged from here counts as alive, unless nobody has the guard that it
// would have: a guard goes with its process. Each process is asked about once in the life of such a view.

import {
  type GrantedClaim,
  hasTimeLimit,
  type Liveness,
  parsePortKey,
  type PlacedClaim,
  type ProcessIdentity,
  type PortRecord,
  sessionKey,
  type Slot,
  type Waiter,
} from "../contract/index.ts";
import type { World } from "./world.ts";

/**
 * How old a claim must be for the missing guard to say something: it is taken right after the grant. Whoever
 * took longer looks again whether the claim is still there (see grant.ts).
 */
export const GUARD_DELAY_MS = 10_000;

export class Living {
  readonly #world: World;
  #askedLast: ProcessIdentity | undefined;
  #answeredLast: Liveness = "unknown";
  /** Made when there is something to remember: most requests meet no claim. */
  #processes: Map<string, Liveness> | undefined;
  /** The sessions that were asked for, with their slots as read. */
  #sessions: Map<string, Slot | undefined> | undefined;
  /** Ids of leases of unknown processes whose guard nobody has. */
  #unguarded: Set<string> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Finds out what takes time about claims on a port; to be called before `has`. */
  async learn(records: Iterable<readonly [key: string, record: PortRecord]>): Promise<void> {
    const sessions: string[] = [];
    for (const [key, { claims }] of records) {
      for (const claim of claims) {
        if (this.#mustAskGuard(claim, sessions)) await this.#askGuard(key, claim);
      }
    }
    if (sessions.length > 0) await this.#readSessions(sessions);
  }

  /** The same for many claims. */
  async learnClaims(claims: Iterable<PlacedClaim>): Promise<void> {
    const sessions: string[] = [];
    for (const claim of claims) {
      if (this.#mustAskGuard(claim, sessions)) await this.#askGuard(claim.key, claim);
    }
    if (sessions.length > 0) await this.#readSessions(sessions);
  }

  /** Finds out what takes time about those who wait; to be called before `hasWaiter`. */
  async learnWaiters(waiters: readonly Waiter[]): Promise<void> {
    const sessions = waiters.flatMap(({ session }) =>
      session === undefined || this.#sessions?.has(session) ? [] : [session],
    );
    if (sessions.length > 0) await this.#readSessions([...new Set(sessions)]);
  }

  has(claim: GrantedClaim): boolean {
    if (claim.session !== null) {
      if (!this.#isRunning(claim.session)) return false;
      if (hasTimeLimit(claim)) return true;
    }
    const isUnguarded = this.#unguarded?.has(claim.lease) === true;
    if (this.hasHolder(claim) && !isUnguarded) return true;
    if (claim.heir === null) return false;
    const heir = this.#liveness(claim.heir);
    // One that cannot be judged, of a holder whose guard is gone, is of a pid namespace that is gone.
    return heir === "alive" || (heir === "unknown" && !isUnguarded);
  }

  /** Whether the holder of a claim has its guard, and what else goes with that process. */
  isGuarded(claim: GrantedClaim): boolean {
    return claim.guarded && this.hasHolder(claim) && !this.#unguarded?.has(claim.lease);
  }

  /** Whether the holder of a claim is not known to be dead, whatever else it lives with. */
  hasHolder({ holder }: Pick<GrantedClaim, "holder">): boolean {
    return this.#liveness(holder) !== "dead";
  }

  /** The process that a living claim lives with: its holder, or its heir when that is dead. */
  holderOf({ holder, heir }: Pick<GrantedClaim, "holder" | "heir">): ProcessIdentity {
    return heir !== null && this.#liveness(holder) === "dead" ? heir : holder;
  }

  /** Whether somebody who waits is not known to be dead. */
  hasWaiter({ holder, session }: Waiter): boolean {
    return (session === undefined || this.#isRunning(session)) && this.hasProcess(holder);
  }

  /** Whether the holder of a dead claim may have died a moment ago. */
  mayHaveJustDied({ holder }: GrantedClaim): boolean {
    return this.#world.holders.mayHaveJustDied(holder);
  }

  /** Whether a process is not known to be dead. */
  hasProcess(process: ProcessIdentity): boolean {
    return this.#liveness(process) !== "dead";
  }

  /** The slot of a session that ran out and has not been removed: who takes its ports removes it. */
  endedSession(claim: GrantedClaim): Slot | undefined {
    return claim.session === null || this.#isRunning(claim.session)
      ? undefined
      : this.#sessions?.get(claim.session);
  }

  #liveness(process: ProcessIdentity): Liveness {
    // Claims that were read together share the objects of their holders.
    if (process === this.#askedLast) return this.#answeredLast;
    this.#askedLast = process;
    return (this.#answeredLast = this.#ask(process));
  }

  #ask(process: ProcessIdentity): Liveness {
    const { host } = this.#world;
    if (sameProcess(process, host.self)) return "alive";
    const key = `${process.pid} ${process.startTime} ${process.boot} ${process.namespaces}`;
    this.#processes ??= new Map();
    let liveness = this.#processes.get(key);
    if (liveness === undefined) {
      liveness = host.liveness(process);
      this.#processes.set(key, liveness);
    }
    return liveness;
  }

  #isRunning(session: string): boolean {
    return this.#world.holders.isRunning(this.#sessions?.get(session));
  }

  /** Whether the guard of a claim says more than its process; adds the session that it hangs on and that was not asked for. */
  #mustAskGuard({ session, guarded, holder }: GrantedClaim, sessions: string[]): boolean {
    if (session === null) return guarded && this.#liveness(holder) === "unknown";
    if (!this.#sessions?.has(session)) sessions.push(session);
    return false;
  }

  async #readSessions(sessions: readonly string[]): Promise<void> {
    const { store, holders } = this.#world;
    const slots = await store.read(holders.sessionScope, sessions.map(sessionKey));
    this.#sessions ??= new Map();
    for (const session of sessions) this.#sessions.set(session, slots.get(sessionKey(session)));
  }

  async #askGuard(key: string, claim: GrantedClaim): Promise<void> {
    const { host, clock } = this.#world;
    if (!host.guards || clock.now() - claim.grantedAt < GUARD_DELAY_MS) return;
    const { protocol, port } = parsePortKey(key);
    if (!(await host.guards.isHeld(protocol, port))) (this.#unguarded ??= new Set()).add(claim.lease);
  }
}

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.boot === b.boot && a.namespaces === b.namespaces;
}

/** Whether a process is one that a lease lives with. */
export function isHolder(
  process: ProcessIdentity,
  { holder, heir }: Pick<GrantedClaim, "holder" | "heir">,
): boolean {
  return sameProcess(process, holder) || (heir !== null && sameProcess(process, heir));
}
