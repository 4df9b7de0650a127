// A case of the conformance suite: a name, and what to do with a store that nobody has used before.

import type { SlotChange, Store } from "../contract/index.ts";

export interface ConformanceSetup {
  /** Another client of the same data, which is empty when the case begins. Whoever runs the case closes it. */
  readonly open: () => Promise<Store>;
  /** Waits so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
}

export interface ConformanceCase {
  /** A sentence about the behaviour. */
  readonly name: string;
  /** What a store must have for the case to concern it; it fails for one that has not. @default nothing */
  readonly needs?: "expiring" | undefined;
  /** Rejects with what is wrong. */
  readonly run: (setup: ConformanceSetup) => Promise<void>;
}

export const SCOPE = "scope";
/** A revision that no commit has. */
export const NEVER: number = 2 ** 52;

export function put(key: string, value: string, ifRevision = 0): SlotChange {
  return { key, ifRevision, value };
}

export function remove(key: string, ifRevision: number): SlotChange {
  return { key, ifRevision, value: null };
}
