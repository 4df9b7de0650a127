// The ports that may serve a request, in the order they are tried, each judged by its slots.
//
// Slots are read by key in growing batches: the first port is usually the one, and a crowded pool is read in a
// few steps. Ports that were just left come when all others were tried. A block of ports is one place.

import {
  type BootTime,
  type Departure,
  portKey,
  QUEUE_KEY,
  readPort,
  readQueue,
  type Slot,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import { awakeTime, bootTime } from "./give-back.ts";
import { type Hints, MEMORY_MS, type Seeking } from "./hints.ts";
import { orderOf } from "./order.ts";
import {
  type Ahead,
  aheadOf,
  type Candidate,
  type Circumstances,
  isCandidate,
  judge,
  type ReadSlot,
  type Refused,
} from "./judge.ts";
import { Living } from "./living.ts";
import { portKeys, type Request } from "./request.ts";
import { type Elsewhere, placesOf, readScattered, slotId } from "./scattered.ts";
import type { World } from "./world.ts";

const FIRST_BATCH = 1;
const LARGEST_BATCH = 512;

export interface Seeker {
  readonly formerPorts: readonly number[];
  readonly lastPort: number;
  readonly hints: Hints;
  readonly seeking: Seeking;
  /** The id under which the request waits, if it does. */
  readonly waiter: string | undefined;
}

export class Candidates {
  readonly #world: World;
  readonly #request: Request;
  /** Where the slots of a port are; `undefined`: in the registry's own scope. */
  readonly #places: readonly Elsewhere[] | undefined;
  readonly #waiter: string | undefined;
  readonly #order: Iterator<number>;
  readonly #hints: Hints;
  readonly #seeking: Seeking;
  #living: Living;
  #batch: number;
  /** Ports that were read and judged and whose turn has not come. */
  #next: number[] = [];
  /** Places that came before those, and were not judged. */
  #passed: number[] = [];
  readonly #judged = new Map<number, Candidate | Refused>();
  /** Places that were put off: their ports were just left. */
  #lastChoice: number[] = [];
  #ahead: readonly Ahead[] | undefined;
  #bootTime: BootTime | undefined;
  #awakeTime: BootTime | undefined;
  /** Ports that another part of the same request has, or that the kernel or a guard refused. */
  readonly #barred = new Set<number>();

  constructor(world: World, request: Request, seeker: Seeker) {
    this.#world = world;
    this.#request = request;
    this.#waiter = seeker.waiter;
    if (request.scopes !== null) this.#places = placesOf(world, request.scopes);
    this.#hints = seeker.hints;
    this.#seeking = seeker.seeking;
    this.#order = orderOf(request, {
      formerPorts: seeker.formerPorts,
      lastPort: seeker.lastPort,
      home: seeker.hints.home,
      random: world.chance.random,
      seemsTaken: seeker.hints.seemsTaken(request.protocols),
    });
    this.#living = new Living(world);
    this.#batch = Math.max(FIRST_BATCH, request.count);
  }

  /** The time of the request, asked for once, and only if it matters. */
  readonly #now = (): BootTime => (this.#bootTime ??= bootTime(this.#world));
  readonly #awake = (): BootTime => (this.#awakeTime ??= awakeTime(this.#world));
  readonly #remaining = (key: string, left: Departure): number => {
    // Left after the request had asked for the time: by that, another clock would have told it.
    if (this.#awakeTime && left.at > this.#awakeTime.at) this.#awakeTime = undefined;
    return this.#world.holders.remainingMs(key, left, this.#awake);
  };

  /** The ports that were refused by their slots. */
  *refused(): Generator<Refused> {
    for (const judgement of this.#judged.values()) if (!isCandidate(judgement)) yield judgement;
  }

  /** The slots of the ports that come first: as many as are needed, or one block. */
  keysInSight(): string[] {
    const { align, count } = this.#request;
    if (this.#passed.length > 0) this.#hints.leaveHome();
    this.#next = firstOf(this.#order, align === null ? count : 1);
    // Of a block its first port: it may begin at the second one next.
    this.#seeking.add(this.#request.protocols, [...this.#next]);
    return this.#next
      .flatMap((start) => this.#portsOf(start) ?? [])
      .flatMap((port) => portKeys(this.#request, port));
  }

  /**
   * Of the places that come first those that are free as their slots say it, without a question to anybody: nobody
   * has them, and nobody has just left them.
   */
  *inSight(slots: ReadonlyMap<string, Slot>): Generator<Candidate[]> {
    const circumstances = {
      living: this.#living,
      now: this.#now,
      quarantineMs: 0,
      remaining: this.#remaining,
      ahead: [],
    };
    for (const start of this.#next) {
      const place: Candidate[] = [];
      const ports = this.#portsOf(start) ?? [];
      for (const port of ports) {
        const read = this.#recordsOf(port, slots);
        if (read.some((one) => one.record.claims.length > 0 || this.#wasLeft(one))) break;
        const judgement = judge(this.#request, port, read, circumstances);
        if (!isCandidate(judgement)) break;
        place.push(judgement);
      }
      if (place.length > 0 && place.length === ports.length) yield place;
    }
  }

  /** What is in sight was not to be had at once: it is read and judged before others, when there is nothing else. */
  passSight(): void {
    this.#passed.push(...this.#next);
    this.#next = [];
  }

  /** Takes a place in sight out of those whose turn is to come. */
  take(place: readonly Candidate[]): void {
    this.#next = this.#next.filter((start) => start !== place[0]!.port);
  }

  /** Ports to be taken together, one or a block, or `undefined` when all places were tried. */
  async next(): Promise<Candidate[] | undefined> {
    for (;;) {
      const start = this.#next.shift() ?? (await this.#readOn());
      if (start === undefined) break;
      const place = await this.#placeAt(start);
      if (!place) continue;
      if (!place.some(({ isLastChoice }) => isLastChoice)) return place;
      this.#lastChoice.push(start);
    }
    for (;;) {
      const start = this.#lastChoice.shift();
      if (start === undefined) return undefined;
      const place = await this.#placeAt(start);
      if (place) return place;
    }
  }

  /** Has a place judged again, first of all: its slots changed under the request. */
  again(place: readonly Candidate[]): void {
    for (const { port } of place) this.#judged.delete(port);
    // A session can have been renewed: then its claims are alive.
    this.#living = new Living(this.#world);
    this.#next.unshift(place[0]!.port);
  }

  /** Never comes back to a port; the others of its place can be had in another one, as they were judged. */
  reject(place: readonly Candidate[], port: number): void {
    for (const candidate of place) this.#judged.set(candidate.port, candidate);
    this.#barred.add(port);
    this.#hints.note(this.#request.protocols, port, MEMORY_MS);
  }

  /** Reads ports ahead and returns the first of them. */
  async #readOn(): Promise<number | undefined> {
    this.#hints.leaveHome();
    const starts = [...this.#passed.splice(0), ...firstOf(this.#order, this.#batch)];
    this.#batch = Math.min(this.#batch * 4, LARGEST_BATCH);
    await this.#judgeAll(starts);
    this.#next = starts;
    return this.#next.shift();
  }

  /** The candidates of the place that begins at a port, if all its ports can be had. */
  async #placeAt(start: number): Promise<Candidate[] | undefined> {
    const ports = this.#portsOf(start);
    if (!ports) return undefined;
    await this.#judgeAll(ports);
    const place: Candidate[] = [];
    for (const port of ports) {
      const judgement = this.#judged.get(port)!;
      if (!isCandidate(judgement) || this.#barred.has(port)) return undefined;
      place.push(judgement);
    }
    return place;
  }

  #portsOf(start: number): number[] | undefined {
    const { align, count, pool, prefer } = this.#request;
    if (align === null) return [start];
    if (start % align !== 0) return undefined;
    const ports = Array.from({ length: count }, (_, offset) => start + offset);
    return ports.every((port) => port === prefer || pool.has(port)) ? ports : undefined;
  }

  async #judgeAll(ports: readonly number[]): Promise<void> {
    const unknown = ports.filter((port) => !this.#judged.has(port));
    if (unknown.length === 0) return;
    const { protocols, scopes, signal } = this.#request;
    const keys = unknown.flatMap((port) => portKeys(this.#request, port));
    const slots = await readScattered(this.#world, scopes, keys, { signal });
    const read = unknown.map((port) => ({ port, slots: this.#recordsOf(port, slots) }));
    if (slots.size > 0) {
      await this.#living.learn(
        read.flatMap((one) => one.slots.map(({ key, record }) => [key, record] as const)),
      );
    }
    const circumstances: Circumstances = {
      living: this.#living,
      now: this.#now,
      quarantineMs: this.#world.quarantineMs,
      remaining: this.#remaining,
      ahead: read.some((one) => one.slots.some((slot) => this.#wasLeft(slot))) ? await this.#readQueue() : [],
    };
    for (const one of read) {
      const judgement = judge(this.#request, one.port, one.slots, circumstances);
      this.#judged.set(one.port, judgement);
      if (!isCandidate(judgement) || judgement.isLastChoice) this.#hints.note(protocols, one.port, MEMORY_MS);
    }
  }

  #recordsOf(port: number, slots: ReadonlyMap<string, Slot>): ReadSlot[] {
    const { protocols } = this.#request;
    if (this.#places === undefined)
      return protocols.map((protocol) => readSlot(slots, undefined, protocol, port));
    return this.#places.flatMap((scope) =>
      protocols.map((protocol) => readSlot(slots, scope, protocol, port)),
    );
  }

  /** Whether a port may have somebody who waited for it. */
  #wasLeft({ scope, key, record: { claims, left } }: ReadSlot): boolean {
    return (
      (left && this.#remaining(slotId(scope, key), left) > 0) ||
      claims.some((claim) => !this.#living.has(claim))
    );
  }

  /** Those who waited before the request came. */
  async #readQueue(): Promise<readonly Ahead[]> {
    if (!this.#ahead) {
      const { store, scope } = this.#world;
      const slots = await store.read(scope, [QUEUE_KEY], { signal: this.#request.signal });
      const queue = readQueue(slots.get(QUEUE_KEY));
      await this.#living.learnWaiters(queue);
      this.#ahead = aheadOf(queue, this.#waiter, this.#living);
    }
    return this.#ahead;
  }
}

function readSlot(
  slots: ReadonlyMap<string, Slot>,
  scope: Elsewhere,
  protocol: Transport,
  port: number,
): ReadSlot {
  const key = portKey(protocol, port);
  const slot = slots.get(slotId(scope, key));
  return { scope, key, protocol, slot, record: readPort(slot) };
}

function firstOf<Item>(items: Iterator<Item>, count: number): Item[] {
  const taken: Item[] = [];
  while (taken.length < count) {
    const { done, value } = items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
