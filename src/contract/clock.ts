// Time and chance, as arguments.

import type { AbortableOptions } from "./abort.ts";

export interface Clock {
  /** Milliseconds since the Unix epoch, for what people read; nothing is decided by it. */
  now(): number;
  /** Milliseconds that only grow, for how long something took. */
  elapsed(): number;
  sleep(ms: number, options?: AbortableOptions): Promise<void>;
}

export interface Chance {
  /** A number from 0 to below 1, as Math.random. */
  readonly random: () => number;
  /** A text that no other call on any machine returns. */
  readonly uniqueId: () => string;
}
