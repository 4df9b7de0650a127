// The PostgreSQL store: one row a slot, the commits of a process in shared transactions, everything conditional on
// revisions.
//
// A statement is a call of a function or one query, so that no transaction ever waits for this process.

import {
  type AbortableOptions,
  type Commit,
  type CommitOptions,
  type Decide,
  type Expiry,
  type ExpiringSlots,
  type Slot,
  type SlotChange,
  type SlotChanges,
  type Store,
  type StoreLimits,
  type Token,
  type WatchOptions,
} from "../../contract/index.ts";
import {
  type Attempt,
  Calls,
  type Condition,
  expectChanges,
  expectPrefix,
  updateByView,
  Views,
  Watches,
  withoutSlots,
} from "../common/index.ts";
import { attemptOf, type Item, itemsOf } from "./batch.ts";
import { Batches } from "./batches.ts";
import { Connections, type ConnectionsOptions } from "./connections.ts";
import { Feed } from "./feed.ts";
import { Notices } from "./notices.ts";
import { keepAlive, listSlots, readSlots } from "./slots.ts";

/** Slots run out by the microsecond; a keep-alive must come through in time. */
const TTL: ExpiringSlots["ttl"] = { least: 500, step: 1 };

/**
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_BUSY`, `STORE_DAMAGED`, `STORE_TOO_NEW`.
 */
export async function openPostgresStore(options: ConnectionsOptions): Promise<Store> {
  const connections = new Connections(options);
  try {
    await connections.begin();
  } catch (error) {
    await connections.close();
    throw error;
  }
  return new PostgresStore(connections, options);
}

class PostgresStore implements Store {
  readonly limits: StoreLimits = { changes: 10_000 };
  readonly expiring: ExpiringSlots;
  readonly #options: ConnectionsOptions;
  readonly #connections: Connections;
  readonly #batches: Batches;
  readonly #notices: Notices;
  readonly #views: Views;
  readonly #watches = new Watches();
  readonly #calls = new Calls();
  #closing: Promise<void> | undefined;

  constructor(connections: Connections, options: ConnectionsOptions) {
    const { schema, name, clock, chance } = options;
    const { commits, looks } = connections;
    const id = chance.uniqueId();
    this.#options = options;
    this.#connections = connections;
    this.#notices = new Notices({ line: commits, schema, clock, teller: id });
    this.#batches = new Batches({ line: commits, notices: this.#notices, schema, name, id });
    const feed = new Feed({ line: looks, schema, notices: this.#notices, clock, chance });
    this.#views = new Views((scope, signal) => feed.looks(scope, signal));
    this.expiring = {
      ttl: TTL,
      create: (...call) => this.#create(...call),
      keepAlive: (scope, key, asked) =>
        this.#calls.run(asked, () =>
          connections.ask(commits, (reading) => keepAlive(reading, scope, key), asked),
        ),
    };
  }

  get epoch(): number {
    return this.#connections.epoch;
  }

  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    return this.#calls.run(options, () => this.#read(scope, keys, options));
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    expectPrefix(prefix);
    const { reads } = this.#connections;
    return await this.#calls.run(options, () =>
      this.#connections.ask(reads, (reading) => listSlots(reading, scope, prefix), options),
    );
  }

  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    return this.#calls.run(options, () => this.#attempt(scope, changes, [], options)).then(withoutSlots);
  }

  update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined> {
    const { clock, chance } = this.#options;
    const calls = {
      read: (asked: readonly string[]) => this.#read(scope, asked, options),
      attempt: (changes: readonly SlotChange[], conditions: readonly Condition[]) =>
        this.#attempt(scope, changes, conditions, options),
    };
    const asked = { scope, keys, decide, clock, chance, signal: options?.signal };
    return this.#calls.run(options, () => updateByView(this.#views.ask(scope), calls, asked));
  }

  raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    return this.#calls.run(options, () => this.#connections.raiseEpoch(epoch, options));
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
    await this.#batches.idle();
    await this.#notices.pay();
    await this.#connections.close();
  }

  async #attempt(
    scope: string,
    changes: readonly SlotChange[],
    conditions: readonly Condition[],
    options: AbortableOptions | undefined,
  ): Promise<Attempt> {
    expectChanges(scope, changes, this.limits);
    const items = itemsOf(scope, changes, conditions);
    const outcome = await this.#batches.run(items, options);
    if (outcome.committed) this.#learn(items, outcome.token);
    return attemptOf(scope, outcome);
  }

  async #create(
    ...[scope, key, value, ttlMs, options]: Parameters<ExpiringSlots["create"]>
  ): Promise<Expiry> {
    const change = { key, ifRevision: 0, value };
    expectChanges(scope, [change], this.limits);
    const given = Math.max(TTL.least, Math.ceil(ttlMs / TTL.step) * TTL.step);
    const items = [{ ...change, scope, isChange: true, ttlMs: given }];
    const outcome = await this.#calls.run(options, () => this.#batches.run(items, options));
    if (!outcome.committed) throw new Error(`there is a slot ${key} already`);
    this.#learn(items, outcome.token);
    return { token: outcome.token, ttlMs: given };
  }

  /** Views need not wait for the server to tell what this store has committed. */
  #learn(items: readonly Item[], { revision }: Token): void {
    for (const { scope, key, value, isChange, ifRevision } of items) {
      // What was not there and is removed does not change.
      if (!isChange || (value === null && ifRevision === 0)) continue;
      this.#views.find(scope)?.learn([{ key, revision, value }]);
    }
  }

  #read(
    scope: string,
    keys: readonly string[],
    options: AbortableOptions | undefined,
  ): Promise<Map<string, Slot>> {
    const { reads } = this.#connections;
    return this.#connections.ask(reads, (reading) => readSlots(reading, scope, keys), options);
  }
}
