// Holders of many machines on one engine: a lease lives with a session, a slot that the engine removes by its own clock
// when it is not kept alive. Nobody is judged by a pid of another machine.
//
// A registry makes one session, when it is first granted something, and all its leases hang on it; one with a time
// limit of its own has a session of its own. Sessions stand in a scope of their own, so that they are found from
// every scope. That a session is gone is final, so what it held can be taken on the sight of that.
//
// The holder stops before the engine can give its ports away: its time counts from before the renewal was sent, and
// is shorter by what clocks differ. On its own machine and boot a holder is also dead when the host says so: its
// ports need not wait for its session after kill -9.

import {
  type Abortable,
  type Departure,
  type ExpiringSlots,
  type Host,
  type ProcessIdentity,
  readSession,
  sessionKey,
  writeRecord,
} from "../contract/index.ts";
import { PassingSet } from "../core/passing.ts";
import { bootTime } from "./give-back.ts";
import type { Holders, Tenure, Term } from "./holders.ts";
import { remainingMs } from "./judge.ts";
import type { LossReason } from "./refusals.ts";
import { isOver, keepUp } from "./session.ts";
import type { World } from "./world.ts";

/** Where sessions are kept. */
export const SESSIONS = "sessions";

/**
 * By how much the holder's time is shorter than the engine's: for the resolution of the clock at both ends, and for
 * clocks that run at different speeds, by one in a hundred at most.
 */
const MARGIN = { ms: 20, share: 0.01 };

/** A session that is kept alive. */
interface Session {
  readonly id: string;
  /** Of its slot. */
  readonly revision: number;
  readonly ttlMs: number;
  readonly term: { deadline: number };
  readonly ended: Abortable;
  /** What to call when it is lost. */
  readonly losses: PassingSet<(reason: LossReason) => void>;
}

/** Where a departure was first seen: counted from then, as its own clock is another machine's. */
interface Sighting {
  readonly lease: string;
  readonly at: number;
}

/**
 * @param expiring of the store
 * @param sessionTtlMs the time to live to ask for
 */
export function holdersBySession(
  world: Omit<World, "holders">,
  expiring: ExpiringSlots,
  sessionTtlMs: number,
): Holders {
  return new HoldersBySession(world, expiring, sessionTtlMs);
}

/**
 * The host as one of many: its processes say which machine they are of, and of those of another boot it knows nothing.
 *
 * @param machine the name of this one, for messages
 */
export function hostOfMany(host: Host, machine: string): Host {
  const isOwn = (boot: string): boolean => boot !== "" && boot === host.boot;
  const named = <Process extends ProcessIdentity>(process: Process): Process => ({ ...process, machine });
  return {
    ...host,
    self: named(host.self),
    ancestors: () => host.ancestors().map(named),
    process: (pid) => {
      const found = host.process(pid);
      return found && named(found);
    },
    liveness: (process) => (isOwn(process.boot) ? host.liveness(process) : "unknown"),
  };
}

class HoldersBySession implements Holders {
  /** Somebody else can have been quicker: that is one of two round trips less than to look first. */
  readonly sights = 4;
  readonly sessionScope = SESSIONS;
  readonly follow: Holders["follow"];
  readonly #world: Omit<World, "holders">;
  readonly #expiring: ExpiringSlots;
  readonly #sessionTtlMs: number;
  /** Of this process; made when it is needed, and again when it was lost. */
  #own: Promise<Session> | undefined;
  /** All sessions that this registry keeps alive. */
  readonly #kept = new Map<string, Session>();
  readonly #leaving = new Set<Promise<unknown>>();
  readonly #sightings = new Map<string, Sighting>();

  constructor(world: Omit<World, "holders">, expiring: ExpiringSlots, sessionTtlMs: number) {
    this.#world = world;
    this.#expiring = expiring;
    this.#sessionTtlMs = sessionTtlMs;
    this.follow = (scope, signal) => world.store.watch(scope, { signal, background: true });
  }

  isRunning(session: object | undefined): boolean {
    return session !== undefined;
  }

  mayHaveJustDied(): boolean {
    return true;
  }

  remainingMs(key: string, left: Departure, awake: Parameters<Holders["remainingMs"]>[2]): number {
    if (left.quarantineMs === 0) return 0;
    const now = awake();
    if (left.boot === now.boot) return remainingMs(left, awake);
    let seen = this.#sightings.get(key);
    if (seen?.lease !== left.lease) {
      seen = { lease: left.lease, at: now.at };
      this.#sightings.set(key, seen);
    }
    return Math.max(0, seen.at + left.quarantineMs - now.at);
  }

  async tenureOf(lease: string, ttlMs: number | null): Promise<Tenure> {
    const isLimited = ttlMs !== null;
    const session = isLimited ? await this.#begin(lease, ttlMs) : await this.#ownSession();
    const { id, term, ended, losses } = session;
    const drop = isLimited ? (): void => this.#leave(session) : undefined;
    return {
      lease,
      session: id,
      ttlMs: isLimited ? session.ttlMs : null,
      term,
      keep: ({ onLoss }) => {
        losses.add(onLoss);
        // It can have been lost before anybody was told of the lease.
        if (ended.signal.aborted || isOver(this.#world.clock, term)) onLoss("expired");
        return () => {
          losses.delete(onLoss);
          drop?.();
        };
      },
      drop,
    };
  }

  async join(id: string | null): Promise<Term | undefined> {
    if (id === null) return undefined;
    const known = this.#kept.get(id);
    if (known) return known.term;
    const key = sessionKey(id);
    const slot = (await this.#world.store.read(SESSIONS, [key])).get(key);
    const record = readSession(slot);
    if (!slot || !record) return undefined;
    const sentAt = this.#world.clock.sinceBoot();
    if (!(await this.#expiring.keepAlive(SESSIONS, key))) return undefined;
    // What the engine gave is at least what was asked for, which is what the record says.
    return this.#keep({ id, revision: slot.revision, ttlMs: record.ttlMs }, sentAt).term;
  }

  async waitingSession(): Promise<string> {
    return (await this.#ownSession()).id;
  }

  async close(leavesLeases: boolean): Promise<void> {
    const own = await this.#own?.catch(() => undefined);
    if (own && !leavesLeases) this.#leave(own);
    for (const { ended } of this.#kept.values()) ended.abort("the registry is closed");
    await Promise.all(this.#leaving);
  }

  async #ownSession(): Promise<Session> {
    for (;;) {
      const pending = (this.#own ??= this.#begin(this.#world.chance.uniqueId(), this.#sessionTtlMs));
      const session = await pending.catch((error: unknown) => {
        if (this.#own === pending) this.#own = undefined;
        throw error;
      });
      if (!session.ended.signal.aborted && !isOver(this.#world.clock, session.term)) return session;
      if (this.#own === pending) this.#own = undefined;
    }
  }

  async #begin(id: string, ttlMs: number): Promise<Session> {
    const { boot, at } = bootTime(this.#world);
    const value = writeRecord({ lease: id, boot, at: at + ttlMs, ttlMs });
    const { token, ttlMs: given } = await this.#expiring.create(SESSIONS, sessionKey(id), value, ttlMs);
    return this.#keep({ id, revision: token.revision, ttlMs: given }, at);
  }

  /** @param sentAt when the engine was asked for it, or was last told that it is alive */
  #keep(slot: Pick<Session, "id" | "revision" | "ttlMs">, sentAt: number): Session {
    const { id, ttlMs } = slot;
    const session: Session = {
      ...slot,
      term: { deadline: deadlineFrom(sentAt, ttlMs) },
      ended: this.#world.newAbortable(),
      losses: new PassingSet(),
    };
    this.#kept.set(id, session);
    void keepUp(this.#world, {
      ttlMs,
      term: session.term,
      renew: async () => {
        const renewedAt = this.#world.clock.sinceBoot();
        const isThere = await this.#expiring.keepAlive(SESSIONS, sessionKey(id));
        return isThere ? deadlineFrom(renewedAt, ttlMs) : undefined;
      },
      ended: session.ended.signal,
      onLoss: (reason) => this.#lose(session, reason),
    });
    return session;
  }

  #lose({ id, ended, losses }: Session, reason: LossReason): void {
    if (ended.signal.aborted) return;
    ended.abort("the session is lost");
    this.#kept.delete(id);
    for (const tell of losses) tell(reason);
  }

  /** Removes a session that nothing hangs on any more. What is not removed ends with its time. */
  #leave({ id, revision, ended }: Session): void {
    if (ended.signal.aborted) return;
    ended.abort("it is over");
    this.#kept.delete(id);
    const { store } = this.#world;
    const leaving = store
      .commit(SESSIONS, [{ key: sessionKey(id), ifRevision: revision, value: null }])
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

function deadlineFrom(sentAt: number, ttlMs: number): number {
  return sentAt + ttlMs - MARGIN.ms - ttlMs * MARGIN.share;
}
