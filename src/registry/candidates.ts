// The ports that may serve a request, in the order they are tried, each judged by its slot.
//
// First the wish, then the ports the name had before, then the pool: from the hash of the name, or from a
// random place (RFC 6056 algorithm 1), upward and round. Slots are read by key in growing batches: the first
// port is usually the one, and a crowded pool is read in a few steps.

import { portKey, type Slot } from "../contract/index.ts";
import type { HolderDescription } from "../core/index.ts";
import { MIN_PORT } from "../core/expect.ts";
import { nameStart, randomStart } from "../core/selection.ts";
import type { World } from "./world.ts";
import type { Request } from "./request.ts";
import { type Candidate, claimInTheWay, livingClaims } from "./slots.ts";

const FIRST_BATCH = 4;
const LARGEST_BATCH = 512;

export class Candidates {
  readonly #world: World;
  readonly #request: Request;
  readonly #order: Iterator<number>;
  /** Ports that wait to be judged, with their slots as read. */
  #waiting: { port: number; slot: Slot | undefined }[] = [];
  #batch = FIRST_BATCH;
  /** How many ports were refused because somebody leases them, and one of the holders. */
  leased = 0;
  leasedTo: { readonly port: number; readonly holder: HolderDescription } | undefined;

  constructor(world: World, request: Request, formerPorts: readonly number[]) {
    this.#world = world;
    this.#request = request;
    this.#order = orderOf(request, formerPorts, world.chance.random);
  }

  /** The next port whose slot lets the request in, or `undefined` when all were tried. */
  async next(): Promise<Candidate | undefined> {
    for (;;) {
      const waiting = this.#waiting.shift();
      if (waiting) {
        const candidate = this.#judge(waiting.port, waiting.slot);
        if (candidate) return candidate;
      } else {
        const ports = take(this.#order, Math.max(this.#batch, this.#request.count));
        if (ports.length === 0) return undefined;
        this.#batch = Math.min(this.#batch * 4, LARGEST_BATCH);
        this.#waiting = await this.#read(ports);
      }
    }
  }

  /** Puts ports back, to be read and judged again: their slots changed under the request. */
  async again(ports: readonly number[]): Promise<void> {
    this.#waiting = [...(await this.#read(ports)), ...this.#waiting];
  }

  async #read(ports: readonly number[]): Promise<{ port: number; slot: Slot | undefined }[]> {
    const { store, host } = this.#world;
    const { protocol, signal } = this.#request;
    const keys = ports.map((port) => portKey(protocol, port));
    const slots = await store.read(host.scope, keys, { signal });
    return ports.map((port, index) => ({ port, slot: slots.get(keys[index]!) }));
  }

  #judge(port: number, slot: Slot | undefined): Candidate | undefined {
    const staying = livingClaims(slot, this.#world.host);
    const inTheWay = claimInTheWay(staying, this.#request.bindingAt(port));
    if (!inTheWay) return { port, key: portKey(this.#request.protocol, port), slot, staying };
    this.leased++;
    this.leasedTo ??= { port, holder: inTheWay.holder };
    return undefined;
  }
}

/** Every port of the request once. */
function* orderOf(request: Request, formerPorts: readonly number[], random: () => number): Generator<number> {
  const { pool, prefer, name } = request;
  const first = new Set<number>();
  if (prefer !== null) first.add(prefer);
  for (const port of formerPorts) if (pool.has(port)) first.add(port);
  yield* first;
  // A set of ports can be emptied after it was made; then the wish is all there is.
  if (pool.size === 0) return;
  const rank = name === null ? randomStart(random, pool.size) : nameStart(name, pool.size);
  const start = pool.nth(rank);
  for (let port = pool.next(start); port !== undefined; port = pool.next(port + 1)) {
    if (!first.has(port)) yield port;
  }
  for (let port = pool.next(MIN_PORT); port !== undefined && port < start; port = pool.next(port + 1)) {
    if (!first.has(port)) yield port;
  }
}

function take<Item>(items: Iterator<Item>, count: number): Item[] {
  const taken: Item[] = [];
  while (taken.length < count) {
    const { done, value } = items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
