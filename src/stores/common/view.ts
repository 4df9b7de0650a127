// What a store knows of the slots of a scope without asking its engine: what the engine's watch told it, and what its
// own commits did since.
//
// A view is behind by as long as the watch takes. So nothing is decided by it alone: what is committed on its word
// is conditional on the revisions that it had, and where it says no, the engine is asked (update.ts).
//
// Watches of the scope are told from here, so that the engine tells each process once, however many watch in it.

import {
  type AbortSignalLike,
  type ChangedSlot,
  type Slot,
  type SlotChanges,
  throwIfAborted,
} from "../../contract/index.ts";
import { byRevision } from "./order.ts";

/** The longest that a timer of Node waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface LooksOptions {
  readonly signal: AbortSignalLike;
  /** What waits in the background does not keep the process from ending. */
  readonly background: boolean;
}

/** What somebody who watches has not been told yet. */
interface Watcher {
  isToldAll: boolean;
  /** The revision of what it began with; `undefined`: it has not begun. */
  begunAt: number | undefined;
  /** What this store has committed since the watch was asked for, as long as it has not begun: news, not what was there. */
  readonly own: Map<string, ChangedSlot>;
  /** The newest change of each slot. Never cleared: a map that is points at what it had (core/passing.ts). */
  untold: Map<string, ChangedSlot>;
  wake: () => void;
}

export class View {
  /** As the engine told it, up to `#revision`. */
  readonly #slots = new Map<string, Slot>();
  /** What is known beyond that; another map each time that something was told, for the same reason. */
  #ahead = new Map<string, ChangedSlot>();
  readonly #watchers = new Set<Watcher>();
  #revision: number | undefined;
  /** Of the newest commit of this store. */
  #ownRevision = 0;
  #failure: { readonly error: unknown } | undefined;

  /** The slots there are among `keys`, as far as is known; `undefined` before the engine told anything. */
  pick(keys: readonly string[]): Map<string, Slot> | undefined {
    if (this.#revision === undefined) return undefined;
    const slots = new Map<string, Slot>();
    for (const key of keys) {
      const slot = this.#ahead.get(key) ?? this.#slots.get(key);
      if (slot && isThere(slot)) slots.set(key, slot);
    }
    return slots;
  }

  /** Takes in what the engine's watch tells: all slots first, then changes. */
  follow({ all, slots, revision }: SlotChanges): void {
    if (all) this.#slots.clear();
    for (const slot of slots) {
      if (isThere(slot)) this.#slots.set(slot.key, slot);
      else this.#slots.delete(slot.key);
    }
    this.#revision = revision;
    this.#ahead = new Map([...this.#ahead].filter(([, slot]) => slot.revision > revision));
    for (const watcher of this.#watchers) {
      if (all) {
        watcher.isToldAll = false;
        watcher.untold = new Map();
      } else for (const slot of slots) watcher.untold.set(slot.key, slot);
      watcher.wake();
    }
  }

  /** Takes in what a commit of this store has changed. Its watches tell that before they tell what came later. */
  learn(slots: readonly ChangedSlot[]): void {
    for (const slot of slots) {
      this.#ownRevision = Math.max(this.#ownRevision, slot.revision);
      const known = this.#ahead.get(slot.key)?.revision ?? this.#revision ?? 0;
      if (slot.revision > known) this.#ahead.set(slot.key, slot);
      for (const watcher of this.#watchers) this.#learnFor(watcher, slot);
    }
  }

  #learnFor(watcher: Watcher, slot: ChangedSlot): void {
    const { begunAt } = watcher;
    if (begunAt === undefined) watcher.own.set(slot.key, slot);
    else if (slot.revision <= begunAt && this.#isNow(slot)) {
      // The engine told of it before it had answered the commit.
      watcher.untold.set(slot.key, slot);
      watcher.wake();
    }
  }

  /** What is to be told as changes, when a watch begins: what this store has done since it was asked for. */
  #begin(watcher: Watcher, revision: number): Watcher["untold"] {
    watcher.begunAt = revision;
    const done = [...watcher.own.values()].filter((slot) => slot.revision <= revision);
    watcher.own.clear();
    return new Map(done.map((slot) => [slot.key, this.#slots.get(slot.key) ?? { ...slot, value: null }]));
  }

  #allBut(untold: Watcher["untold"]): Slot[] {
    return [...this.#slots.values()].filter(({ key }) => !untold.has(key));
  }

  /** Whether nobody has changed the slot since. */
  #isNow({ key, revision, value }: ChangedSlot): boolean {
    const now = this.#ahead.get(key) ?? this.#slots.get(key);
    return value === null ? !now : now?.revision === revision;
  }

  /** The engine tells no more: whoever watches gets the error. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const watcher of this.#watchers) watcher.wake();
  }

  /** A watch: all slots, then the changes that come, those of this store's finished commits among them. */
  async *looks({ signal, background }: LooksOptions): AsyncGenerator<SlotChanges, void> {
    throwIfAborted(signal);
    const begunAt = undefined;
    const watcher: Watcher = { isToldAll: false, begunAt, own: new Map(), untold: new Map(), wake: () => {} };
    this.#watchers.add(watcher);
    try {
      for (;;) {
        throwIfAborted(signal);
        const own = this.#ownRevision;
        for (;;) {
          if (this.#failure) throw this.#failure.error;
          const isToTell = !watcher.isToldAll || watcher.untold.size > 0;
          if (this.#revision !== undefined && this.#revision >= own && isToTell) break;
          await awakened(watcher, { signal, background });
        }
        const all = !watcher.isToldAll;
        const { untold } = watcher;
        watcher.isToldAll = true;
        watcher.untold = watcher.begunAt === undefined ? this.#begin(watcher, this.#revision) : new Map();
        const slots = all ? this.#allBut(watcher.untold) : [...untold.values()];
        yield { all, slots: slots.toSorted(byRevision), revision: this.#revision };
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** Whether somebody watches. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }
}

function isThere(slot: ChangedSlot): slot is Slot {
  return slot.value !== null;
}

async function awakened(watcher: Watcher, { signal, background }: LooksOptions): Promise<void> {
  let abort!: () => void;
  // A promise alone does not keep the process, and neither does the engine's connection.
  const keeping = background ? undefined : setInterval(() => {}, LONGEST_TIMER_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal.reason);
      watcher.wake = resolve;
      signal.addEventListener("abort", abort);
    });
  } finally {
    clearInterval(keeping);
    watcher.wake = () => {};
    signal.removeEventListener("abort", abort);
  }
}
