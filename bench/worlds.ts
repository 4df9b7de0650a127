// What the worlds of the cases are made of.

import { newRandom } from "./implementations.ts";

/** A share of the ports of a range, chosen at random, the same ones each time. */
export function somePorts(first: number, last: number, share: number): number[] {
  const random = newRandom(7);
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  for (let i = ports.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [ports[i], ports[other]] = [ports[other]!, ports[i]!];
  }
  return ports.slice(0, Math.round(ports.length * share));
}

export function someAddresses(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}`,
  );
}
