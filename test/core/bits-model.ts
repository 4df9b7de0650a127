// Sets of ports as the tests of bits and of the index need them: random ones, and a plain model of them.
//
// Ports come in runs as well as alone, and often at the borders of what the bits are made of: words of 32
// ports, groups of 1,024, and the ends of the port space.

import * as fc from "fast-check";

export interface Run {
  readonly first: number;
  readonly length: number;
}

const BORDERS = [
  0, 1, 31, 32, 33, 63, 64, 1023, 1024, 1025, 2047, 2048, 32767, 32768, 64511, 64512, 65504, 65534, 65535,
];

export function anyPort(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 0, max: 65535 }),
    fc.integer({ min: 0, max: 80 }),
    fc.constantFrom(...BORDERS),
  );
}

/** From a single port to several groups of 1,024. */
export function anyRun(): fc.Arbitrary<Run> {
  const length = fc.oneof(
    fc.constant(1),
    fc.integer({ min: 2, max: 70 }),
    fc.constantFrom(32, 256, 257, 1024, 2048, 4100),
  );
  return fc.record({ first: anyPort(), length });
}

/** The ports of a run, as far as the port space goes. */
export function portsOf(run: Run): number[] {
  const length = Math.min(run.length, 65536 - run.first);
  return Array.from({ length }, (_, i) => run.first + i);
}

/** The smallest port from `first` to `last` of which `wanted` holds, or -1, by trying them all. */
export function search(first: number, last: number, wanted: (port: number) => boolean): number {
  for (let port = first; port <= last; port++) if (wanted(port)) return port;
  return -1;
}

export function sorted(ports: Iterable<number>): number[] {
  return [...ports].toSorted((a, b) => a - b);
}
