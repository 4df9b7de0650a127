// Selection: where a search for a free port begins. Randomness is an argument.
//
// Every search walks upward from its start and round, each port once: next-fit starts behind the port given
// out last, random anywhere (RFC 6056 algorithm 1), uniform at a free port, by name at the hash of the name,
// so that one name finds the same port again while it is free.
//
// Random makes a free port the likelier the more taken ones stand before it; uniform makes all free ports
// alike and costs a count of them.

import { describe } from "./expect.ts";
import type { PortUnion } from "./port-union.ts";

/**
 * What `random` says, which is to be a number from 0 to below 1.
 *
 * @throws RangeError when it is none.
 */
export function draw(random: () => number): number {
  const value = random();
  if (!(value >= 0 && value < 1)) throw notRandom(value);
  return value;
}

/**
 * A start from 0 to `count` - 1 by a uniform random number in [0, 1) (RFC 6056 §3.3.1).
 *
 * @throws RangeError when `random` does not keep its word.
 */
export function randomStart(random: () => number, count: number): number {
  return Math.floor(draw(random) * count);
}

function notRandom(value: unknown): RangeError {
  return new RangeError(`\`random\`: expected a number from 0 to below 1, received ${describe(value)}`);
}

/**
 * A port from `first` to `last` outside of `taken`, or any one when there is none, for a number drawn from 0 to
 * below 1: each as likely as the others.
 */
export function uniformStart(drawn: number, taken: PortUnion, first: number, last: number): number {
  const count = taken.countOutside(first, last);
  if (count === 0) return first + Math.floor(drawn * (last - first + 1));
  return taken.nthOutside(Math.floor(drawn * count), first, last);
}

/** A start from 0 to `count` - 1 that depends on the name alone (FNV-1a, 32 bits). */
export function nameStart(name: string, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % count;
}

function* utf8(text: string): IterableIterator<number> {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) yield code;
    else if (code < 0x800) yield* [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
    else if (code < 0x10000) yield* [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
    else {
      yield* [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f)];
      yield* [0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
    }
  }
}
