// portNumbers(): a range of ports, as a set. What makes it strict for getPort() is that it is a set, not a list.

import { PortSet } from "../core/index.ts";
import { expectInteger, MAX_PORT } from "../core/expect.ts";

/** The first port that needs no privilege. */
const FIRST = 1024;

/**
 * The ports from `from` to `to`, both included and both from 1024 to 65535.
 *
 * @throws TypeError or RangeError that names the argument.
 * @example
 * await getPort({ port: portNumbers(3000, 3100) });
 */
export function portNumbers(from: number, to: number): PortSet {
  expectInteger("from", from, FIRST, MAX_PORT);
  expectInteger("to", to, FIRST, MAX_PORT);
  if (from > to) throw new RangeError(`\`to\`: expected ${from} or more, as \`from\` is, received ${to}`);
  return PortSet.range(from, to);
}
