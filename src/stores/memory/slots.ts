// The slots of a memory: a map for each scope, and one counter of revisions.
//
// Slots that expire do so as an engine has it: by its own clock, as a deletion with a revision of its own, before
// anybody is told anything that is later than their time. So nobody who has read that one is gone sees it again.

import type {
  ChangedSlot,
  Clock,
  Commit,
  ExpiringSlots,
  Slot,
  SlotChange,
  Token,
} from "../../contract/index.ts";

/** How slots expire. */
export interface Expiring {
  /** That of the memory, which is one for all its stores. */
  readonly clock: Pick<Clock, "elapsed" | "sleep">;
  readonly ttl: ExpiringSlots["ttl"];
}

/** What a watch has not told yet: the newest change of each slot. */
export interface Watcher {
  readonly scope: string;
  readonly untold: Map<string, ChangedSlot>;
  wake: () => void;
}

export class Slots {
  readonly #scopes = new Map<string, Map<string, Slot>>();
  readonly #expiring: Expiring | undefined;
  /** Until when slots live that expire; milliseconds of the clock's `elapsed`. */
  readonly #ends = new Map<Slot, { readonly scope: string; readonly ttlMs: number; at: number }>();
  readonly watchers: Set<Watcher> = new Set();
  #epoch = 1;
  #revision = 0;
  #sweeping = false;

  constructor(expiring: Expiring | undefined) {
    this.#expiring = expiring;
  }

  get epoch(): number {
    return this.#epoch;
  }

  raiseEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  /** The last commit, expiries included. */
  get revision(): number {
    this.#sweep();
    return this.#revision;
  }

  of(scope: string): ReadonlyMap<string, Slot> {
    this.#sweep();
    return this.#scopes.get(scope) ?? new Map<string, Slot>();
  }

  among(scope: string, keys: readonly string[]): Map<string, Slot> {
    const slots = this.of(scope);
    return new Map(keys.flatMap((key) => (slots.has(key) ? [[key, slots.get(key)!]] : [])));
  }

  apply(scope: string, changes: readonly SlotChange[]): Commit {
    this.#sweep();
    const changed = changes.filter(
      ({ scope: where = scope, key, ifRevision }) => (this.#at(where, key)?.revision ?? 0) !== ifRevision,
    );
    if (changed.length > 0) return { committed: false, changed: changed.map(({ key }) => key) };
    const token = this.#commit();
    for (const { scope: where = scope, key, ifRevision, value } of changes) {
      // What was not there and is removed does not change.
      if (value !== null || ifRevision !== 0) this.#put(where, { key, revision: token.revision, value });
    }
    this.#wake();
    return { committed: true, token };
  }

  /** `undefined`: there is such a slot. */
  create(scope: string, { key, value }: Pick<Slot, "key" | "value">, ttlMs: number): Token | undefined {
    const commit = this.apply(scope, [{ key, ifRevision: 0, value }]);
    if (!commit.committed || !this.#expiring) return undefined;
    const at = this.#expiring.clock.elapsed() + ttlMs;
    this.#ends.set(this.#at(scope, key)!, { scope, ttlMs, at });
    void this.#sweepInTime(this.#expiring.clock);
    return commit.token;
  }

  keepAlive(scope: string, key: string): boolean {
    this.#sweep();
    const slot = this.#at(scope, key);
    const end = slot && this.#ends.get(slot);
    if (!end || !this.#expiring) return false;
    end.at = this.#expiring.clock.elapsed() + end.ttlMs;
    return true;
  }

  /** Removes what has expired. */
  #sweep(): void {
    if (!this.#expiring || this.#ends.size === 0) return;
    const now = this.#expiring.clock.elapsed();
    let isAny = false;
    for (const [{ key }, { scope, at }] of this.#ends) {
      if (at > now) continue;
      this.#put(scope, { key, revision: this.#commit().revision, value: null });
      isAny = true;
    }
    if (isAny) this.#wake();
  }

  /** Has watches told of what expires while nobody calls. */
  async #sweepInTime(clock: Expiring["clock"]): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    for (this.#sweep(); this.#ends.size > 0; this.#sweep()) {
      const next = Math.min(...[...this.#ends.values()].map(({ at }) => at));
      await clock.sleep(Math.max(1, next - clock.elapsed()), { background: true });
    }
    this.#sweeping = false;
  }

  #at(scope: string, key: string): Slot | undefined {
    return this.#scopes.get(scope)?.get(key);
  }

  #commit(): Token {
    return { epoch: this.#epoch, revision: ++this.#revision };
  }

  #put(scope: string, { key, revision, value }: ChangedSlot): void {
    const slots = this.#scopes.get(scope) ?? new Map<string, Slot>();
    this.#scopes.set(scope, slots);
    const before = slots.get(key);
    // Whatever is written over it is a slot like others.
    if (before) this.#ends.delete(before);
    if (value === null) slots.delete(key);
    else slots.set(key, { key, revision, value });
    for (const watcher of this.watchers) {
      if (watcher.scope === scope) watcher.untold.set(key, { key, revision, value });
    }
  }

  #wake(): void {
    for (const watcher of this.watchers) if (watcher.untold.size > 0) watcher.wake();
  }
}
