// How many holds there are with each combination of the three flags.
//
// No count is ever below zero: dropping a hold that was not counted changes nothing.

import { ALL_FLAGS } from "./flags.ts";

export class FlagCounter {
  /** The count of combination b stands at b. */
  readonly #counts = [0, 0, 0, 0, 0, 0, 0, 0];
  #total = 0;
  #shared = ALL_FLAGS;

  get total(): number {
    return this.#total;
  }

  /** The flags that every hold has; all of them when there is no hold. */
  get shared(): number {
    return this.#shared;
  }

  add(bits: number): void {
    this.#counts[bits]!++;
    this.#total++;
    this.#shared &= bits;
  }

  /** Takes one hold of exactly these flags away; false when there is none. */
  drop(bits: number): boolean {
    const count = this.#counts[bits]!;
    if (count === 0) return false;
    this.#counts[bits] = count - 1;
    this.#total--;
    if (count === 1) {
      this.#shared = ALL_FLAGS;
      for (const [other, left] of this.#counts.entries()) if (left > 0) this.#shared &= other;
    }
    return true;
  }
}
