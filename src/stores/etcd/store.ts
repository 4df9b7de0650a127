// The store in etcd: one key for each slot, transactions on their revisions. A token is etcd's revision.
//
// Every commit is on the disks of most members before it is told, so all of them are durable. Who reads asks a majority:
// nobody is told anything that is older than the call. When there is no majority, calls end with an error in time.

import {
  type AbortableOptions,
  type Commit,
  type CommitOptions,
  type Decide,
  type EngineSurroundings,
  type ExpiringSlots,
  type Slot,
  type SlotChange,
  type SlotChanges,
  type Store,
  type StoreLimits,
  type WatchOptions,
} from "../../contract/index.ts";
import {
  type Attempt,
  Calls,
  type Condition,
  expectChanges,
  expectPrefix,
  updateByView,
  withoutSlots,
  Views,
  Watches,
} from "../common/index.ts";
import type { Client } from "./client.ts";
import { Commits } from "./commits.ts";
import { Leases } from "./leases.ts";
import { MOST_OPERATIONS, Ranges } from "./ranges.ts";
import { Keys, openEpoch, raiseEpoch } from "./schema.ts";
import { followScope } from "./watch.ts";

/** @throws PortError `STORE_TOO_NEW`, `STORE_DAMAGED`, `STORE_UNAVAILABLE`. */
export async function openEtcdStore(
  client: Client,
  prefix: string,
  surroundings: EngineSurroundings,
): Promise<Store> {
  try {
    const keys = new Keys(prefix);
    return new EtcdStore(client, keys, await openEpoch(client, keys), surroundings);
  } catch (error) {
    client.close();
    throw error;
  }
}

class EtcdStore implements Store {
  readonly epoch: number;
  readonly limits: StoreLimits = { changes: MOST_OPERATIONS };
  readonly expiring: ExpiringSlots;
  readonly #client: Client;
  readonly #keys: Keys;
  readonly #surroundings: EngineSurroundings;
  readonly #ranges: Ranges;
  readonly #commits: Commits;
  readonly #leases: Leases;
  readonly #views: Views;
  readonly #watches = new Watches();
  readonly #calls = new Calls();
  #closing: Promise<void> | undefined;
  /** That of the epoch, once an older state was restored. */
  #raising: Promise<void> | undefined;

  constructor(client: Client, keys: Keys, epoch: number, surroundings: EngineSurroundings) {
    const ranges = new Ranges(client, keys);
    const leases = new Leases(client, keys, ranges, epoch);
    this.epoch = epoch;
    this.#client = client;
    this.#keys = keys;
    this.#surroundings = surroundings;
    this.#ranges = ranges;
    this.#commits = new Commits(client, keys, ranges, { epoch, clock: surroundings.clock });
    this.#leases = leases;
    this.#views = new Views((scope, signal) =>
      followScope({ client, keys, ranges, ...surroundings }, scope, signal),
    );
    this.expiring = {
      ttl: leases.ttl,
      create: async (scope, key, value, ttlMs, options) => {
        expectChanges(scope, [{ key, ifRevision: 0, value }], this.limits);
        const expiry = await this.#run(options, () => leases.create(scope, key, value, ttlMs, options));
        this.#views.find(scope)?.learn([{ key, revision: expiry.token.revision, value }]);
        return expiry;
      },
      keepAlive: (scope, key, options) => this.#keepAlive(leases, scope, key, options),
    };
  }

  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    return this.#run(options, () => this.#ranges.read(scope, keys, options));
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    expectPrefix(prefix);
    return await this.#run(options, async () => (await this.#ranges.list(scope, prefix, options)).slots);
  }

  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    return this.#run(options, () => this.#attempt(scope, changes, [], options)).then(withoutSlots);
  }

  update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined> {
    const calls = {
      read: (asked: readonly string[]) => this.#ranges.read(scope, asked, options),
      attempt: (changes: readonly SlotChange[], conditions: readonly Condition[]) =>
        this.#attempt(scope, changes, conditions, options),
    };
    const asked = { scope, keys, decide, ...this.#surroundings, signal: options?.signal };
    return this.#run(options, () => updateByView(this.#views.ask(scope), calls, asked));
  }

  async raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    await this.#run(options, () => raiseEpoch(this.#client, this.#keys, epoch));
  }

  watch(scope: string, options: WatchOptions = {}): AsyncIterableIterator<SlotChanges> {
    this.#calls.expectOpen();
    const { background = false } = options;
    return this.#watches.start((signal) => this.#views.looks(scope, { signal, background }), options);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#calls.close();
    this.#watches.end();
    await this.#views.end();
    await this.#calls.idle();
    this.#client.close();
  }

  async #keepAlive(
    leases: Leases,
    scope: string,
    key: string,
    options: AbortableOptions | undefined,
  ): Promise<boolean> {
    try {
      return await this.#run(options, () => leases.keepAlive(scope, key, options));
    } catch (error) {
      // What hangs on the slot can be unknown to the older state, and be granted again: nobody may go on with it.
      if (this.#client.setBack) return false;
      throw error;
    }
  }

  async #attempt(
    scope: string,
    changes: readonly SlotChange[],
    conditions: readonly Condition[],
    options: CommitOptions | undefined,
  ): Promise<Attempt> {
    expectChanges(scope, changes, this.limits);
    const most = this.limits.changes;
    const count = changes.length + conditions.length;
    if (count > most) {
      throw new RangeError(
        `\`keys\`: expected at most ${most} slots to read and change at once, received ${count}`,
      );
    }
    const attempt = await this.#commits.commit({ scope, changes, conditions, signal: options?.signal });
    if (!attempt.committed) return attempt;
    const { revision } = attempt.token;
    for (const { scope: place = scope, key, ifRevision, value } of changes) {
      // What was not there and is removed does not change.
      if (value === null && ifRevision === 0) continue;
      this.#views.find(place)?.learn([{ key, revision, value }]);
      this.#leases.forget(place, key);
    }
    return attempt;
  }

  #run<Result>(options: AbortableOptions | undefined, call: () => Promise<Result>): Promise<Result> {
    return this.#calls.run(options, async () => {
      if (this.#client.setBack) return await this.#afterSetBack(this.#client.setBack);
      try {
        return await call();
      } catch (error) {
        if (this.#client.setBack) return await this.#afterSetBack(this.#client.setBack);
        throw error;
      }
    });
  }

  /** Whoever opens the store from now on is to have tokens above those that were told before. Then throws why. */
  async #afterSetBack(why: Error): Promise<never> {
    this.#raising ??= raiseEpoch(this.#client, this.#keys, this.epoch + 1);
    try {
      await this.#raising;
    } catch {
      // The next call tries again.
      this.#raising = undefined;
    }
    throw why;
  }
}
