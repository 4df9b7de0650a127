// Time and chance, as arguments.

import type { AbortableOptions } from "./abort.ts";

export interface Clock {
  /** Milliseconds since the Unix epoch, for what people read; nothing is decided by it. */
  now(): number;
  /**
   * Milliseconds that only grow while the machine is awake, with fractions: the same for all its processes, from
   * one boot to the next.
   */
  elapsed(): number;
  /**
   * Milliseconds since the machine booted, the time it slept included: the same for all its processes. What
   * ends at a certain time is measured by it. It may have a resolution of 10 ms.
   */
  sinceBoot(): number;
  /** Waits. What waits in the background does not keep the process from ending. */
  sleep(ms: number, options?: AbortableOptions & { readonly background?: boolean }): Promise<void>;
}

export interface Chance {
  /** A number from 0 to below 1, as Math.random. */
  readonly random: () => number;
  /** A text that no other call on any machine returns: letters, digits, "-" and "_". */
  readonly uniqueId: () => string;
}
