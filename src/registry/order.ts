// The order in which the ports of a request are tried: its wish, then the ports its name had before, then the
// pool in the order of its selection; ports that could not be had a moment ago come in the end.

import type { PortSet } from "../core/index.ts";
import { MIN_PORT } from "../core/expect.ts";
import { nameStart, randomStart } from "../core/selection.ts";
import { allows, type Request } from "./request.ts";

/** What an order starts from. */
export interface Beginning {
  /** The ports that the name had before. */
  readonly formerPorts: readonly number[];
  /** The port that the registry was granted last; 0: none yet. */
  readonly lastPort: number;
  readonly random: () => number;
  /** Whether a port is better tried later. */
  readonly seemsTaken: (port: number) => boolean;
}

/** Every port of the request once. */
export function* orderOf(request: Request, beginning: Beginning): Generator<number> {
  const { pool, prefer } = request;
  const first = new Set<number>();
  if (prefer !== null) first.add(prefer);
  for (const port of beginning.formerPorts) if (allows(request, port)) first.add(port);
  yield* first;
  // A set of ports can be emptied after it was made; then the wish is all there is.
  if (pool.size === 0) return;
  const later: number[] = [];
  for (const port of poolOrder(request, beginning)) {
    if (first.has(port)) continue;
    if (beginning.seemsTaken(port)) later.push(port);
    else yield port;
  }
  yield* later;
}

function poolOrder({ pool, selection, name }: Request, { lastPort, random }: Beginning): Iterable<number> {
  switch (selection) {
    case "name":
      return upwardAndRound(pool, pool.nth(nameStart(name ?? "", pool.size)));
    case "random":
      return upwardAndRound(pool, pool.nth(randomStart(random, pool.size)));
    case "next-fit":
      return upwardAndRound(pool, pool.next(lastPort + 1) ?? pool.nth(0));
    case "uniform":
      return shuffled(pool, random);
    default:
      return selection satisfies never;
  }
}

function* upwardAndRound(pool: PortSet, start: number): Generator<number> {
  for (let port: number | undefined = start; port !== undefined; port = pool.next(port + 1)) yield port;
  for (let port = pool.next(MIN_PORT); port !== undefined && port < start; port = pool.next(port + 1)) {
    yield port;
  }
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
