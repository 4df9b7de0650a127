// The ports that are picked from when a request names none: 20000–29999, without those the kernel hands out
// itself, those that browsers refuse and those that development servers and databases like.

import type { PortSettings } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import type { World } from "./world.ts";

/** What the default ports are chosen from. */
export const DEFAULT_RANGE = { first: 20000, last: 29999 } as const;

/** Ports of the range that a person is likely to ask for by number, or that a browser refuses (WHATWG fetch). */
const TAKEN_BY_CUSTOM: readonly number[] = [
  24678, // vite's hot reload, older versions
  25565, // minecraft
  27017, // mongodb
];

export function defaultPool({ ephemeral, reserved }: PortSettings): World["defaultPool"] {
  const all = PortSet.range(DEFAULT_RANGE.first, DEFAULT_RANGE.last).without(TAKEN_BY_CUSTOM);
  const unreserved = all.without(reserved);
  const outside = unreserved.without(overlap(ephemeral.first, ephemeral.last));
  // These are preferences: where they leave nothing, a port that they leave out is better than none.
  const ports = [outside, unreserved].find(({ size }) => size > 0) ?? all;
  return { ports, reserved: all.size - ports.size };
}

function* overlap(first: number, last: number): IterableIterator<number> {
  const end = Math.min(last, DEFAULT_RANGE.last);
  for (let port = Math.max(first, DEFAULT_RANGE.first); port <= end; port++) yield port;
}
