// Slots that expire: each hangs on a lease of etcd of its own, which etcd revokes when it is not kept alive for its time.
//
// A keep-alive is answered by the leader alone, which may not be one any more without knowing it, while the next one
// counts the time already. So the slot is read behind it, which takes the word of most members: in the same term of office
// the leader was the leader when it answered.

import { type AbortableOptions, type Expiry, type ExpiringSlots } from "../../contract/index.ts";
import { expectInteger } from "../../core/expect.ts";
import type { Client } from "./client.ts";
import { isNotFound, unavailable } from "./failure.ts";
import { encode, type LeaseAnswer, type TxnAnswer, type TxnRequest } from "./messages.ts";
import type { Ranges } from "./ranges.ts";
import { LAST_PLACE, placed, revisionAt, revisionOf } from "./revisions.ts";
import type { Keys } from "./schema.ts";

/** Etcd counts in seconds, and makes less than one and a half times its time for elections of it more. */
const TTL: ExpiringSlots["ttl"] = { least: 2000, step: 1000 };
const LONGEST_TTL_MS = 9_000_000_000_000;

export class Leases implements ExpiringSlots {
  readonly ttl: ExpiringSlots["ttl"] = TTL;
  readonly #client: Client;
  readonly #keys: Keys;
  readonly #ranges: Ranges;
  readonly #epoch: number;
  /** The leases of the slots that were made here. */
  readonly #known = new Map<string, string>();

  constructor(client: Client, keys: Keys, ranges: Ranges, epoch: number) {
    this.#client = client;
    this.#keys = keys;
    this.#ranges = ranges;
    this.#epoch = epoch;
  }

  /** @throws RangeError for a time to live that is none; Error when the slot is there already. */
  async create(
    scope: string,
    key: string,
    value: string,
    ttlMs: number,
    options?: AbortableOptions,
  ): Promise<Expiry> {
    const wanted = Math.max(
      Math.ceil(expectInteger("ttlMs", ttlMs, 1, LONGEST_TTL_MS) / TTL.step),
      TTL.least / TTL.step,
    );
    // A grant that is not answered, and is asked for again, is a lease without keys that ends by itself.
    const granted = await this.#client.ask<LeaseAnswer>("/v3/lease/grant", { TTL: `${wanted}` }, options);
    const name = encode(this.#keys.slot(scope, key));
    const message: TxnRequest = {
      compare: [{ target: "MOD", key: name, mod_revision: "0" }],
      success: [{ request_put: { key: name, value: encode(placed(value, LAST_PLACE)), lease: granted.ID } }],
      failure: [{ request_range: { key: name } }],
    };
    const revision = await this.#write(message, granted.ID, options);
    if (revision === undefined) throw new Error(`there is a slot ${key} already`);
    this.#known.set(idOf(scope, key), granted.ID);
    return { token: { epoch: this.#epoch, revision }, ttlMs: Number(granted.TTL) * TTL.step };
  }

  /** The revision of a slot that hangs on the lease, which no other one does; `undefined`: another one is there. */
  async #write(
    message: TxnRequest,
    lease: string,
    options: AbortableOptions | undefined,
  ): Promise<number | undefined> {
    const asked = { ...options, instead: { success: message.failure } };
    const { answer, isLater } = await this.#client.call<TxnAnswer>("/v3/kv/txn", message, asked);
    if (answer.succeeded && !isLater) return revisionOf(answer.header);
    const there = answer.responses?.[0]?.response_range?.kvs?.[0];
    if (there?.lease === lease) return revisionAt(there.mod_revision, LAST_PLACE);
    if (!there) throw unavailable(this.#client.name, "the connection was cut, and the slot is not there yet");
    return undefined;
  }

  async keepAlive(scope: string, key: string, options?: AbortableOptions): Promise<boolean> {
    let lease = this.#known.get(idOf(scope, key));
    lease ??= (await this.#ranges.leaseOf(scope, key, options)).lease;
    for (;;) {
      if (lease === undefined) {
        this.forget(scope, key);
        return false;
      }
      // A commit has made it a slot like others.
      if (lease === "0") return true;
      const renewed = await this.#client.ask<LeaseAnswer>("/v3/lease/keepalive", { ID: lease }, options);
      const isAlive = Number(renewed.TTL ?? 0) > 0;
      if (!isAlive) await this.#revoke(lease, options);
      const found = await this.#ranges.leaseOf(scope, key, options);
      const isSameTerm = found.answer.header.raft_term === renewed.header.raft_term;
      if (isAlive && found.lease === lease && isSameTerm) return true;
      ({ lease } = found);
    }
  }

  /** The slot was removed, or was made one like others. */
  forget(scope: string, key: string): void {
    if (this.#known.size > 0) this.#known.delete(idOf(scope, key));
  }

  /** Once a lease was told to be over, its slot is not there any more. */
  async #revoke(lease: string, options: AbortableOptions | undefined): Promise<void> {
    try {
      await this.#client.call("/v3/lease/revoke", { ID: lease }, options);
    } catch (error) {
      if (!isNotFound(error)) throw this.#client.failure(error);
    }
  }
}

function idOf(scope: string, key: string): string {
  return `${scope}\0${key}`;
}
