// Reading slots: all that a call reads is of one revision, however many requests it takes, and no older than the call
// (etcd's ranges are linearizable unless they are asked to be less).

import { type AbortableOptions, type ChangedSlot, type Slot } from "../../contract/index.ts";
import type { Answered, Client } from "./client.ts";
import { damaged, isCompacted, unavailable } from "./failure.ts";
import {
  decode,
  encode,
  endOf,
  type KeyValue,
  type RangeAnswer,
  type RangeRequest,
  type RequestOp,
  type TxnAnswer,
} from "./messages.ts";
import { LAST_PLACE, readPlaced, revisionAt } from "./revisions.ts";
import type { Keys } from "./schema.ts";
import { Scratch } from "./scratch.ts";

/** Operations in one transaction (etcd's default of --max-txn-ops). */
export const MOST_OPERATIONS = 128;
/** Slots in one answer of a list. */
const PAGE = 2000;
/** How often what is read can be compacted while it is read. */
const MOST_BEGINNINGS = 3;

/** What was read, and the revision up to which every commit is in it. */
export interface Found<Slots> {
  readonly slots: Slots;
  readonly revision: number;
}

export class Ranges {
  readonly #client: Client;
  readonly #keys: Keys;
  readonly #scratch = new Scratch();

  constructor(client: Client, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  async read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    if (keys.length === 0) return new Map();
    return await this.#asOne(async () => {
      const slots = new Map<string, Slot>();
      let revision: string | undefined;
      for (let at = 0; at < keys.length; at += MOST_OPERATIONS) {
        const success = keys.slice(at, at + MOST_OPERATIONS).map((key): RequestOp => {
          const request = { key: encode(this.#keys.slot(scope, key)) };
          return { request_range: revision === undefined ? request : { ...request, revision } };
        });
        const asked = { ...options, isRead: true };
        const { answer } = await this.#client.call<TxnAnswer>("/v3/kv/txn", { success }, asked);
        for (const slot of this.slotsOf(scope, answer)) slots.set(slot.key, slot);
        revision ??= answer.header.revision;
      }
      return slots;
    });
  }

  /** All slots whose key begins with `prefix`, or all there are, in the order of their keys. */
  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Found<Slot[]>> {
    const all = this.#keys.slot(scope, prefix);
    return await this.#asOne(async () => {
      const slots: Slot[] = [];
      const range = { range_end: encode(endOf(all)), limit: `${PAGE}` };
      let [key, revision]: [string, string | undefined] = [encode(all), undefined];
      for (;;) {
        const request: RangeRequest = { key, ...range, ...(revision === undefined ? {} : { revision }) };
        const asked = { ...options, isRead: true };
        const called: Answered<RangeAnswer> = await this.#client.call("/v3/kv/range", request, asked);
        const { header, kvs = [], more = false } = called.answer;
        for (const kv of kvs) slots.push(this.slotOf(scope, kv));
        revision ??= header.revision ?? "0";
        if (!more) return { slots, revision: revisionAt(revision, LAST_PLACE) };
        key = encode(`${decode(kvs.at(-1)!.key)}\0`);
      }
    });
  }

  /** The lease that a slot hangs on; "0": on none. `undefined`: there is no such slot. */
  async leaseOf(
    scope: string,
    key: string,
    options?: AbortableOptions,
  ): Promise<{ readonly lease: string | undefined; readonly answer: RangeAnswer }> {
    const request = { key: encode(this.#keys.slot(scope, key)) };
    const answer = await this.#client.ask<RangeAnswer>("/v3/kv/range", request, { ...options, isRead: true });
    const [kv] = answer.kvs ?? [];
    return { lease: kv && (kv.lease ?? "0"), answer };
  }

  /** The slots among what a transaction has read. */
  *slotsOf(scope: string, { responses = [] }: TxnAnswer): Generator<Slot> {
    for (const { response_range: range } of responses) {
      for (const kv of range?.kvs ?? []) yield this.slotOf(scope, kv);
    }
  }

  /** @throws PortError `STORE_DAMAGED` */
  slotOf(scope: string, { key, mod_revision: revision, value }: KeyValue): Slot {
    const name = this.#nameOf(scope, key);
    const { bytes, length } = this.#scratch.decode(value ?? "");
    const read = readPlaced(bytes, length);
    if (!read) {
      throw damaged(this.#client.name, `slot ${name} of ${scope} has ${JSON.stringify(decode(value))}`);
    }
    return { key: name, revision: revisionAt(revision, read.place), value: read.value };
  }

  removedOf(scope: string, { key, mod_revision: revision }: KeyValue): ChangedSlot {
    return { key: this.#nameOf(scope, key), revision: revisionAt(revision, LAST_PLACE), value: null };
  }

  #nameOf(scope: string, key: string): string {
    const { bytes, length } = this.#scratch.decode(key);
    return bytes.toString("utf8", this.#keys.scopeBytes(scope), length);
  }

  /** Reads anew when the revision that was begun with is not kept any more. */
  async #asOne<Result>(read: () => Promise<Result>): Promise<Result> {
    for (let beginnings = 1; ; beginnings++) {
      try {
        return await read();
      } catch (error) {
        if (!isCompacted(error)) throw this.#client.failure(error);
        if (beginnings < MOST_BEGINNINGS) continue;
        throw unavailable(this.#client.name, "it is compacted faster than it can be read", error);
      }
    }
  }
}
