// The order in which the ports of a request are tried: its wish, then the ports its name had before, then the
// pool in the order of its selection; ports that could not be had a moment ago come in the end.

import type { PortSet } from "../core/index.ts";
import { PortBits } from "../core/port-bits.ts";
import { MIN_PORT } from "../core/expect.ts";
import { nameStart, randomStart } from "../core/selection.ts";
import type { SeemsTaken } from "./hints.ts";
import { allows, type Request } from "./request.ts";

/** What an order starts from. */
export interface Beginning {
  /** The ports that the name had before. */
  readonly formerPorts: readonly number[];
  /** The port that the registry was granted last; 0: none yet. */
  readonly lastPort: number;
  /** Where "apart" is at home, as a share of the pool: 0 to below 1. */
  readonly home: () => number;
  readonly random: () => number;
  /** The ports that are better tried later. */
  readonly seemsTaken: SeemsTaken;
}

/** How many registries have room in a pool: enough ports for the requests of one, and few registries in each. */
const HOMES = 16;

const NONE: ReadonlySet<number> = new Set();

/** Every port of the request once. */
export function* orderOf(request: Request, beginning: Beginning): Generator<number> {
  const { pool, prefer } = request;
  const former = beginning.formerPorts.filter((port) => allows(request, port));
  const wishes = prefer === null ? former : [prefer, ...former];
  // Most requests have none.
  const first: ReadonlySet<number> = wishes.length === 0 ? NONE : new Set(wishes);
  yield* first;
  // A set of ports can be emptied after it was made; then the wish is all there is.
  if (pool.size === 0) return;
  const given = new PortBits();
  const { seemsTaken } = beginning;
  const start = startOf(request, beginning);
  const early =
    start === undefined
      ? shuffled(pool, beginning.random)
      : upwardAndRound(start, (port) => nextOther(pool, seemsTaken, port));
  for (const port of early) {
    if (first.has(port) || seemsTaken.has(port)) continue;
    given.add(port);
    yield port;
  }
  const late =
    start === undefined ? shuffled(pool, beginning.random) : upwardAndRound(start, (port) => pool.next(port));
  for (const port of late) if (!first.has(port) && !given.has(port)) yield port;
}

/** Where the search begins that goes upward and round; `undefined`: it goes all over the place. */
function startOf(
  { pool, selection, name }: Request,
  { lastPort, home, random }: Beginning,
): number | undefined {
  switch (selection) {
    case "name":
      return pool.nth(nameStart(name ?? "", pool.size));
    case "random":
      return pool.nth(randomStart(random, pool.size));
    case "apart":
      return pool.nth(
        (randomStart(home, pool.size) + randomStart(random, Math.ceil(pool.size / HOMES))) % pool.size,
      );
    case "next-fit":
      return pool.next(lastPort + 1) ?? pool.nth(0);
    case "first-fit":
      return pool.nth(0);
    case "uniform":
      return undefined;
    default:
      return selection satisfies never;
  }
}

/** The ports that `next` finds at or after `start`, then those below. */
function* upwardAndRound(start: number, next: (port: number) => number | undefined): Generator<number> {
  for (let port = next(start); port !== undefined; port = next(port + 1)) yield port;
  for (let port = next(MIN_PORT); port !== undefined && port < start; port = next(port + 1)) yield port;
}

/** The first port of the pool, at or after this one, that does not seem taken. */
function nextOther(pool: PortSet, seemsTaken: SeemsTaken, from: number): number | undefined {
  for (let port = pool.next(from); port !== undefined;) {
    const other = seemsTaken.nextOther(port);
    if (other === undefined || other === port) return other;
    port = pool.next(other);
  }
  return undefined;
}

/** A shuffle that costs what is taken of it: only the places that were swapped are kept (Fisher and Yates). */
function* shuffled(pool: PortSet, random: () => number): Generator<number> {
  const { size } = pool;
  const swapped = new Map<number, number>();
  for (let rank = 0; rank < size; rank++) {
    const other = rank + randomStart(random, size - rank);
    yield pool.nth(swapped.get(other) ?? other);
    swapped.set(other, swapped.get(rank) ?? rank);
  }
}
