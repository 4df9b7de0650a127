// The ports that are picked from when a request names none: 20000–29999, without those the kernel hands out
// itself, those that browsers refuse and those that development servers and databases like.

import type { PortSettings } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";

const FIRST = 20000;
const LAST = 29999;

/** Ports of the range that a person is likely to ask for by number, or that a browser refuses (WHATWG fetch). */
const TAKEN_BY_CUSTOM: readonly number[] = [
  24678, // vite's hot reload, older versions
  25565, // minecraft
  27017, // mongodb
];

export function defaultPool({ ephemeral, reserved }: PortSettings): PortSet {
  const pool = PortSet.range(FIRST, LAST).without(TAKEN_BY_CUSTOM).without(reserved);
  const outside = pool.without(overlap(ephemeral.first, ephemeral.last));
  // Where the ephemeral range covers everything, a port inside it is better than none.
  return outside.size > 0 ? outside : pool;
}

function* overlap(first: number, last: number): IterableIterator<number> {
  for (let port = Math.max(first, FIRST); port <= Math.min(last, LAST); port++) yield port;
}
