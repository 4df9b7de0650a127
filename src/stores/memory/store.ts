// The memory store: a map of slots for each scope, and one counter of revisions.
//
// Every call is done at once, in one piece: no two of them can meet. Several stores can be opened on one
// memory, as several processes open one database; a watch is told by the commits themselves.

import {
  type AbortableOptions,
  type AbortSignalLike,
  type ChangedSlot,
  type Commit,
  type CommitOptions,
  type Decide,
  type Slot,
  type SlotChange,
  type SlotChanges,
  type Store,
  type StoreLimits,
  throwIfAborted,
} from "../../contract/index.ts";
import { expectInteger } from "../../core/expect.ts";
import { byKey, byRevision, expectChanges, expectPrefix, storeClosed, Watches } from "../common/index.ts";

export interface MemoryOptions {
  /** The most changes in one commit. @default 10,000 */
  readonly changes?: number | undefined;
}

/** Slots that several stores share. */
export interface SharedMemory {
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
  const { changes = 10_000 } = options;
  const limits = { changes: expectInteger("changes", changes, 1, Number.MAX_SAFE_INTEGER) };
  const slots = new Slots();
  return { open: async () => new MemoryStore(slots, limits) };
}

/** What a watch has not told yet: the newest change of each slot. */
interface Watcher {
  readonly scope: string;
  readonly untold: Map<string, ChangedSlot>;
  wake: () => void;
}

class Slots {
  readonly #scopes = new Map<string, Map<string, Slot>>();
  readonly watchers = new Set<Watcher>();
  revision = 0;

  of(scope: string): ReadonlyMap<string, Slot> {
    return this.#scopes.get(scope) ?? new Map<string, Slot>();
  }

  among(scope: string, keys: readonly string[]): Map<string, Slot> {
    const slots = this.of(scope);
    return new Map(keys.flatMap((key) => (slots.has(key) ? [[key, slots.get(key)!]] : [])));
  }

  apply(scope: string, changes: readonly SlotChange[]): Commit {
    const slots = this.#scopes.get(scope) ?? new Map<string, Slot>();
    const changed = changes.filter(({ key, ifRevision }) => (slots.get(key)?.revision ?? 0) !== ifRevision);
    if (changed.length > 0) return { committed: false, changed: changed.map(({ key }) => key) };
    const revision = ++this.revision;
    this.#scopes.set(scope, slots);
    for (const { key, value } of changes) {
      if (value === null) slots.delete(key);
      else slots.set(key, { key, revision, value });
    }
    for (const watcher of this.watchers) {
      if (watcher.scope !== scope) continue;
      for (const { key, ifRevision, value } of changes) {
        // What was not there and is removed does not change.
        if (value !== null || ifRevision !== 0) watcher.untold.set(key, { key, revision, value });
      }
      watcher.wake();
    }
    return { committed: true, token: { epoch: 1, revision } };
  }
}

class MemoryStore implements Store {
  readonly epoch = 1;
  readonly limits: StoreLimits;
  readonly #slots: Slots;
  readonly #watches = new Watches();
  #closed = false;

  constructor(slots: Slots, limits: StoreLimits) {
    this.#slots = slots;
    this.limits = limits;
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
    expectChanges(changes, this.limits);
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
    expectChanges(changes, this.limits);
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
