// The store: where a registry keeps its slots.
//
// A slot is the unit of contention: one port of one protocol, or one name. It has a value, opaque to the
// store, and the revision of the commit that wrote it. A commit changes slots all or nothing, each on the
// condition that its slot still has the revision that was read; requests for different ports never meet.

import type { AbortableOptions } from "./abort.ts";
import type { Chance, Clock } from "./clock.ts";

/** What a commit is told by: it only grows. The epoch rises where revisions could have been lost. */
export interface Token {
  readonly epoch: number;
  readonly revision: number;
}

export interface Slot {
  /** Any text without NUL; keys are in the order of their code points. */
  readonly key: string;
  /** The revision of the commit that wrote the value; at least 1. */
  readonly revision: number;
  /** Any text without NUL. */
  readonly value: string;
}

export interface SlotChange {
  /** Where the slot is. @default the scope of the call */
  readonly scope?: string | undefined;
  readonly key: string;
  /** The revision the slot must have; 0: there must be none. */
  readonly ifRevision: number;
  /** The new value; `null` removes the slot. */
  readonly value: string | null;
}

/** A commit was done, or the slots of these keys had another revision and nothing was changed. */
export type Commit =
  | { readonly committed: true; readonly token: Token }
  | { readonly committed: false; readonly changed: readonly string[] };

export interface CommitOptions extends AbortableOptions {
  /** Whether the commit must survive a power cut before it is told. @default false: the end of any process */
  readonly durable?: boolean | undefined;
}

/**
 * What to make of slots: their changes, or none. It is asked again when the slots changed before its changes were
 * made, so it decides and does nothing else.
 */
export type Decide = (slots: ReadonlyMap<string, Slot>) => readonly SlotChange[];

/**
 * A slot as a commit left it; `null`: removed, for which an engine may tell a revision that is greater than that of the commit,
 * and less than any that the slot has later.
 */
export interface ChangedSlot {
  readonly key: string;
  readonly revision: number;
  readonly value: string | null;
}

/** What a watcher is told: the newest state of the slots that changed, each once, in the order of revisions. */
export interface SlotChanges {
  /** All slots there are, which the watch begins with, and again when changes were lost: the rest is gone. */
  readonly all: boolean;
  readonly slots: readonly ChangedSlot[];
  /** Every commit up to this one is in what was told so far. */
  readonly revision: number;
}

export interface WatchOptions extends AbortableOptions {
  /** What waits in the background does not keep the process from ending, where a watch does at all. @default false */
  readonly background?: boolean | undefined;
}

/** What an engine cannot exceed. */
export interface StoreLimits {
  /** The most changes in one commit. */
  readonly changes: number;
}

/** A slot that was written to expire, and the time to live that the engine gave it: at least what was asked for. */
export interface Expiry {
  readonly token: Token;
  readonly ttlMs: number;
}

/**
 * Slots that the engine itself removes when they are not kept alive, by its own clock: no earlier than their time,
 * and for good. Whoever has read that such a slot is gone never sees it come back. Everything else that changes
 * slots changes these too; a commit that writes one makes it a slot like others.
 */
export interface ExpiringSlots {
  /** In milliseconds: the shortest time to live, and what every one is rounded up to a multiple of. */
  readonly ttl: { readonly least: number; readonly step: number };
  /** Writes a slot that there must not be yet: its key is one that nobody else has. */
  create(
    scope: string,
    key: string,
    value: string,
    ttlMs: number,
    options?: AbortableOptions,
  ): Promise<Expiry>;
  /** Begins its time to live anew. False: the slot is gone. */
  keepAlive(scope: string, key: string, options?: AbortableOptions): Promise<boolean>;
}

export interface Store {
  /** The epoch of the tokens of this store. */
  readonly epoch: number;
  readonly limits: StoreLimits;
  /**
   * How holders of many machines are told dead: by slots that the engine lets go. `undefined` for a store of one
   * machine, which asks its host.
   */
  readonly expiring?: ExpiringSlots | undefined;
  /** The slots there are among `keys`, by key. */
  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>>;
  /**
   * All slots whose key begins with `prefix`, at least one ASCII character, in the order of their keys.
   *
   * @throws RangeError for another prefix.
   */
  list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]>;
  /**
   * An abort ends the waiting for the store; what was committed stays committed.
   *
   * @throws TypeError for two changes of one slot, RangeError for more changes than the limit.
   */
  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit>;
  /**
   * Reads the slots there are among `keys` and commits what `decide` makes of them, in one step: nobody comes in
   * between. `undefined` when it made nothing of them. Refused only for a slot that was not among `keys`, or for
   * a condition that is not what was read.
   *
   * @throws as `commit`, and what `decide` throws; then nothing has changed.
   */
  update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined>;
  /**
   * All slots, then their changes as they come, until the caller leaves the loop or aborts. A slot that
   * changed more than once between two looks is told once, as it is then. What this client commits after the first
   * look was asked for is told as a change, however late that look is.
   */
  watch(scope: string, options?: WatchOptions): AsyncIterableIterator<SlotChanges>;
  /**
   * Has the tokens of clients that are opened from now on be of this epoch at least: for slots that come from another
   * store, whose tokens stay the smaller ones.
   */
  raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void>;
  /** Idempotent; calls join. Calls under way are finished, watches end, later calls are `REGISTRY_CLOSED`. */
  close(): Promise<void>;
}

/** What an engine works with besides its own connection. */
export interface EngineSurroundings {
  readonly clock: Clock;
  readonly chance: Chance;
}

/** A store that is still to be opened, as `open({ store })` takes it. */
export interface Engine {
  /** As messages name it: "etcd at http://127.0.0.1:2379", without a password. */
  readonly name: string;
  /** @throws PortError `STORE_UNAVAILABLE`, `STORE_TOO_NEW`, `STORE_DAMAGED`. */
  open(surroundings: EngineSurroundings): Promise<Store>;
}
