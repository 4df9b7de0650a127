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
  readonly key: string;
  /** The revision of the commit that wrote the value; at least 1. */
  readonly revision: number;
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

export interface Store {
  /** The slots there are among `keys`, by key. */
  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>>;
  /** All slots whose key begins with `prefix`, at least one ASCII character, in the order of their keys. */
  list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]>;
  /** An abort ends the waiting for the store; what was committed stays committed. */
  commit(scope: string, changes: readonly SlotChange[], options?: AbortableOptions): Promise<Commit>;
  /** The epoch of the tokens of this store. */
  readonly epoch: number;
  /** Idempotent. */
  close(): Promise<void>;
}
