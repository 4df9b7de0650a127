// Several sets of ports read as one: the next port that none of them has, found word by word. No set is
// built, and a union that is used again allocates nothing.

import { countBits, lowestBit, nthBit, type PortBits } from "./port-bits.ts";

const FULL = -1;

export class PortUnion {
  /** The sets are the first `#count`; those behind are left from an earlier use. */
  readonly #sets: PortBits[] = [];
  #count = 0;

  static of(sets: Iterable<PortBits>): PortUnion {
    const union = new PortUnion();
    for (const set of sets) union.add(set);
    return union;
  }

  /** Begins anew, with no set. */
  clear(): void {
    this.#count = 0;
  }

  add(set: PortBits): void {
    const at = this.#count++;
    // The same set again costs no write, which the garbage collector would have to be told of.
    if (this.#sets[at] !== set) this.#sets[at] = set;
  }

  /** The smallest port from `first` to `last` that none of the sets has, or -1. */
  nextOutside(first: number, last: number): number {
    const index = first >> 5;
    const free = ~this.#taken(index) & (FULL << (first & 31));
    // Nearly always the first word has one: the search over the others is not inlined into who asks.
    const port = free === 0 ? this.#nextInLaterWords(index + 1, last >> 5) : (index << 5) + lowestBit(free);
    return port <= last ? port : -1;
  }

  #taken(index: number): number {
    const sets = this.#sets;
    let taken = 0;
    for (let i = 0; i < this.#count; i++) taken |= sets[i]!.word(index);
    return taken;
  }

  #nextInLaterWords(from: number, end: number): number {
    const sets = this.#sets;
    let index = from;
    for (;;) {
      for (let i = 0; i < this.#count; i++) index = sets[i]!.nextOpenWord(index);
      if (index > end) return -1;
      const free = ~this.#taken(index);
      if (free !== 0) return (index << 5) + lowestBit(free);
      index++;
    }
  }

  /** How many ports from `first` to `last` none of the sets has. */
  countOutside(first: number, last: number): number {
    let count = 0;
    for (let index = first >> 5; index <= last >> 5; index++) {
      count += countBits(this.#outside(index, first, last));
    }
    return count;
  }

  /** The port from `first` to `last` outside of all sets that has exactly `rank` smaller ones, or -1. */
  nthOutside(rank: number, first: number, last: number): number {
    let left = rank;
    for (let index = first >> 5; index <= last >> 5; index++) {
      const free = this.#outside(index, first, last);
      const count = countBits(free);
      if (left < count) return (index << 5) + nthBit(free, left);
      left -= count;
    }
    return -1;
  }

  /** The ports of one word, from `first` to `last`, that none of the sets has. */
  #outside(index: number, first: number, last: number): number {
    let free = FULL;
    for (let i = 0; i < this.#count; i++) free &= ~this.#sets[i]!.word(index);
    if (index === first >> 5) free &= FULL << (first & 31);
    if (index === last >> 5) free &= FULL >>> (31 - (last & 31));
    return free;
  }
}
