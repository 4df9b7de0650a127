// The store: where a registry keeps its slots.
//
// A slot is the unit of contention: one port of one protocol, or one name. It has a value, opaque to the
// store, and the revision of the commit that wrote it. A commit changes slots all or nothing, each on the
// condition that its slot still has the revision that was read; requests for different ports never meet.

import type { AbortableOptions } from "./abort.ts";

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
  readonly key: string;
  /** The revision the slot must have; 0: there must be none. */
  readonly ifRevision: number;
  /** The new value; `null` removes the slot. */
  readonly value: string | null;
}

/** A commit was done, or these slots had another revision and nothing was changed. */
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

/** A slot as a commit left it; `null`: removed. */
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

/** What an engine cannot exceed. */
export interface StoreLimits {
  /** The most changes in one commit. */
  readonly changes: number;
}

export interface Store {
  /** The epoch of the tokens of this store. */
  readonly epoch: number;
  readonly limits: StoreLimits;
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
   * changed more than once between two looks is told once, as it is then.
   */
  watch(scope: string, options?: AbortableOptions): AsyncIterableIterator<SlotChanges>;
  /** Idempotent; calls join. Calls under way are finished, watches end, later calls are `REGISTRY_CLOSED`. */
  close(): Promise<void>;
}
