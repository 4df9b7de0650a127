// The memory store: the contract in its plainest form, that of engines with slots that expire included.
//
// Every call is done at once, in one piece: no two of them can meet. Several stores can be opened on one
// memory, as several processes open one database; a watch is told by the commits themselves.

import {
  type AbortableOptions,
  type AbortSignalLike,
  type Commit,
  type CommitOptions,
  type Decide,
  type Expiry,
  type ExpiringSlots,
  type Slot,
  type SlotChange,
  type SlotChanges,
  type Store,
  type StoreLimits,
  throwIfAborted,
} from "../../contract/index.ts";
import { expectInteger } from "../../core/expect.ts";
import { byKey, byRevision, expectChanges, expectPrefix, storeClosed, Watches } from "../common/index.ts";
import { type Expiring, Slots, type Watcher } from "./slots.ts";

export interface MemoryOptions {
  /** The most changes in one commit. @default 10,000 */
  readonly changes?: number | undefined;
  /** Has the memory be as an engine that many machines share: with slots that expire. @default it has none */
  readonly expiring?: Expiring | undefined;
}

/** Slots that several stores share: an `Engine` for one process. */
export interface SharedMemory {
  readonly name: string;
  open(): Promise<Store>;
}

/**
 * Makes an empty memory, to open stores on.
 *
 * @throws RangeError, TypeError when `changes` is not a whole number from 1.
 *
 * @example
 * const shared = memory();
 * const [one, other] = [await shared.open(), await shared.open()];
 * await one.commit("scope", [{ key: "port/tcp/3000", ifRevision: 0, value: "mine" }]);
 * (await other.list("scope", "port/")).length; // 1
 */
export function memory(options: MemoryOptions = {}): SharedMemory {
  const { changes = 10_000, expiring } = options;
  const limits = { changes: expectInteger("changes", changes, 1, Number.MAX_SAFE_INTEGER) };
  const slots = new Slots(expiring);
  return { name: "the memory of this process", open: async () => new MemoryStore(slots, limits, expiring) };
}

class MemoryStore implements Store {
  readonly limits: StoreLimits;
  readonly expiring: ExpiringSlots | undefined;
  readonly #slots: Slots;
  readonly #watches = new Watches();
  #closed = false;

  constructor(slots: Slots, limits: StoreLimits, expiring: Expiring | undefined) {
    this.#slots = slots;
    this.limits = limits;
    this.expiring = expiring && {
      ttl: expiring.ttl,
      create: (...call) => this.#create(expiring.ttl, ...call),
      keepAlive: async (scope, key, options) => {
        this.#begin(options);
        return this.#slots.keepAlive(scope, key);
      },
    };
  }

  get epoch(): number {
    return this.#slots.epoch;
  }

  async raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    this.#begin(options);
    this.#slots.raiseEpoch(epoch);
  }

  async read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    this.#begin(options);
    return this.#slots.among(scope, keys);
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    expectPrefix(prefix);
    this.#begin(options);
    return [...this.#slots.of(scope).values()].filter(({ key }) => key.startsWith(prefix)).toSorted(byKey);
  }

  async commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    expectChanges(scope, changes, this.limits);
    this.#begin(options);
    return this.#slots.apply(scope, changes);
  }

  async update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined> {
    this.#begin(options);
    const changes = decide(this.#slots.among(scope, keys));
    if (changes.length === 0) return undefined;
    expectChanges(scope, changes, this.limits);
    return this.#slots.apply(scope, changes);
  }

  watch(scope: string, options?: AbortableOptions): AsyncIterableIterator<SlotChanges> {
    this.#begin(undefined);
    return this.#watches.start((signal) => looks(this.#slots, scope, signal), options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watches.end();
  }

  async #create(
    { least, step }: ExpiringSlots["ttl"],
    ...[scope, key, value, ttlMs, options]: Parameters<ExpiringSlots["create"]>
  ): Promise<Expiry> {
    expectChanges(scope, [{ key, ifRevision: 0, value }], this.limits);
    this.#begin(options);
    const given = Math.max(least, Math.ceil(ttlMs / step) * step);
    const token = this.#slots.create(scope, { key, value }, given);
    if (!token) throw new Error(`there is a slot ${key} already`);
    return { token, ttlMs: given };
  }

  #begin(options: AbortableOptions | undefined): void {
    throwIfAborted(options?.signal);
    if (this.#closed) throw storeClosed();
  }
}

async function* looks(
  slots: Slots,
  scope: string,
  signal: AbortSignalLike,
): AsyncGenerator<SlotChanges, void> {
  throwIfAborted(signal);
  const watcher: Watcher = { scope, untold: new Map(), wake: () => {} };
  slots.watchers.add(watcher);
  try {
    const all = [...slots.of(scope).values()].toSorted(byRevision);
    yield { all: true, slots: all, revision: slots.revision };
    for (;;) {
      throwIfAborted(signal);
      if (watcher.untold.size === 0) await awakened(watcher, signal);
      const changed = [...watcher.untold.values()].toSorted(byRevision);
      watcher.untold.clear();
      yield { all: false, slots: changed, revision: slots.revision };
    }
  } finally {
    slots.watchers.delete(watcher);
  }
}

async function awakened(watcher: Watcher, signal: AbortSignalLike): Promise<void> {
  let abort!: () => void;
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal.reason);
      watcher.wake = resolve;
      signal.addEventListener("abort", abort);
    });
  } finally {
    watcher.wake = () => {};
    signal.removeEventListener("abort", abort);
  }
}
