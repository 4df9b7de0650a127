// The revisions of commits: the time of the machine, counted from a base that the database has.
//
// Who commits has the write lock while it asks for the time, so the later of two commits has the later time, in
// whatever process. A counter in the database would be a second page to write in every commit, half of its cost.
// It takes a clock that is one for all processes of a boot (`Clock.elapsed`). Should one ever be behind, the revisions
// of a slot grow all the same: each is above the one it replaces. Only a watch could then miss a change, and two
// slots have tokens of one number.

import type { Clock } from "../../contract/index.ts";

/** A tenth of a microsecond: no two statements come so soon, and 28 years of uptime are safe integers. */
const TICKS_PER_MS = 10_000;

export function ticksOf(clock: Pick<Clock, "elapsed">): number {
  return Math.floor(clock.elapsed() * TICKS_PER_MS);
}

export class Revisions {
  readonly #clock: Clock;
  readonly #base: number;
  #last = 0;

  constructor(clock: Clock, base: number) {
    this.#clock = clock;
    this.#base = base;
  }

  /** The last one that a commit took here; 0: none yet. */
  get last(): number {
    return this.#last;
  }

  /** The revision for a commit that replaces revisions up to `replaced`. To be asked for with the write lock had. */
  next(replaced: number): number {
    return Math.max(this.#base + ticksOf(this.#clock), this.#last + 1, replaced + 1);
  }

  /** A commit has it. */
  take(revision: number): void {
    this.#last = revision;
  }
}
