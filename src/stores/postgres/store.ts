// The PostgreSQL store: one row a slot, the commits of a process in shared transactions, everything conditional on
// revisions.
//
// It has up to three connections, each made when it is first needed: for commits, for reads, and for watches. A statement
// is a call of a function or one query, so that no transaction ever waits for this process.

import {
  type AbortableOptions,
  type Chance,
  type Clock,
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
  throwIfAborted,
  type WatchOptions,
} from "../../contract/index.ts";
import {
  type Attempt,
  type Condition,
  expectChanges,
  expectPrefix,
  storeClosed,
  updateByView,
  Views,
  Watches,
} from "../common/index.ts";
import { attemptOf, type Item, itemsOf } from "./batch.ts";
import { Batches } from "./batches.ts";
import { Feed } from "./feed.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { Notices } from "./notices.ts";
import { prepareSchema, raiseEpoch } from "./schema.ts";
import type { SchemaName } from "./schema-name.ts";
import { checkServer } from "./settings.ts";
import { keepAlive, listSlots, type Reading, readSlots } from "./slots.ts";
import type { Source } from "./source.ts";

export interface PostgresStoreOptions {
  readonly source: Source;
  readonly schema: SchemaName;
  /** As messages name the store. */
  readonly name: string;
  readonly timeoutMs: number;
  readonly allowUnsafeDurability: boolean;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** Slots run out by the microsecond; a keep-alive must come through in time. */
const TTL: ExpiringSlots["ttl"] = { least: 500, step: 1 };

/**
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_BUSY`, `STORE_DAMAGED`, `STORE_TOO_NEW`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const store = new PostgresStore(options);
  try {
    await store.begin();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class PostgresStore implements Store {
  readonly limits: StoreLimits = { changes: 10_000 };
  readonly expiring: ExpiringSlots;
  readonly #options: PostgresStoreOptions;
  readonly #commits: Line;
  readonly #reads: Line;
  readonly #looks: Line;
  readonly #batches: Batches;
  readonly #notices: Notices;
  readonly #views: Views;
  readonly #watches = new Watches();
  readonly #underWay = new Set<Promise<unknown>>();
  #epoch = 0;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    const { schema, name, clock, chance } = options;
    const id = chance.uniqueId();
    this.#options = options;
    const prepare = (link: Link, withinMs: number): Promise<void> => this.#prepare(link, withinMs);
    const line = (): Line => new Line({ ...options, prepare });
    [this.#commits, this.#reads, this.#looks] = [line(), line(), line()];
    this.#notices = new Notices({ line: this.#commits, schema, clock, teller: id });
    this.#batches = new Batches({
      line: this.#commits,
      notices: this.#notices,
      schema,
      name,
      id,
    });
    const feed = new Feed({ line: this.#looks, schema, notices: this.#notices, clock, chance });
    this.#views = new Views((scope, signal) => feed.looks(scope, signal));
    this.expiring = {
      ttl: TTL,
      create: (...call) => this.#create(...call),
      keepAlive: (scope, key, asked) =>
        this.#run(asked, () => this.#ask(this.#commits, (reading) => keepAlive(reading, scope, key), asked)),
    };
  }

  /** That of the newest connection: it rises when commits may have been lost. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Connects, so that what is wrong is known at once. */
  async begin(): Promise<void> {
    await this.#commits.run(async () => {}, { isFirst: true });
  }

  async read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    return await this.#run(options, () => this.#read(scope, keys, options));
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    expectPrefix(prefix);
    const list = (reading: Reading): Promise<Slot[]> => listSlots(reading, scope, prefix);
    return await this.#run(options, () => this.#ask(this.#reads, list, options));
  }

  async commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    const attempt = await this.#run(options, () => this.#attempt(scope, changes, [], options));
    return attempt.committed ? attempt : { committed: false, changed: attempt.changed };
  }

  async update(
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
    return await this.#run(options, () => updateByView(this.#views.ask(scope), calls, asked));
  }

  async raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    const raise = (reading: Reading): Promise<number> => raiseEpoch(reading, epoch);
    this.#epoch = await this.#run(options, () => this.#ask(this.#commits, raise, options));
  }

  watch(scope: string, options: WatchOptions = {}): AsyncIterableIterator<SlotChanges> {
    if (this.#closing) throw storeClosed();
    const { background = false } = options;
    return this.#watches.start((signal) => this.#views.looks(scope, { signal, background }), options);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#watches.end();
    await Promise.allSettled([...this.#underWay, this.#views.end()]);
    await this.#batches.idle();
    await this.#notices.pay();
    await Promise.all([this.#commits.close(), this.#reads.close(), this.#looks.close()]);
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
    const outcome = await this.#run(options, () => this.#batches.run(items, options));
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

  async #read(
    scope: string,
    keys: readonly string[],
    options: AbortableOptions | undefined,
  ): Promise<Map<string, Slot>> {
    return await this.#ask(this.#reads, (reading) => readSlots(reading, scope, keys), options);
  }

  async #ask<Result>(
    line: Line,
    work: (reading: Reading) => Promise<Result>,
    options: AbortableOptions | undefined,
  ): Promise<Result> {
    const { schema } = this.#options;
    const { signal } = options ?? {};
    return await line.run(async (link, withinMs) => await work({ link, withinMs, schema }), { signal });
  }

  /** A call, which is finished before the store is closed. */
  async #run<Result>(options: AbortableOptions | undefined, call: () => Promise<Result>): Promise<Result> {
    throwIfAborted(options?.signal);
    if (this.#closing) throw storeClosed();
    const calling = call();
    this.#underWay.add(calling);
    try {
      return await calling;
    } finally {
      this.#underWay.delete(calling);
    }
  }

  async #prepare(link: Link, withinMs: number): Promise<void> {
    const { schema, name, chance } = this.#options;
    const server = await checkServer(link, withinMs, this.#options);
    const { uniqueId } = chance;
    this.#epoch = await prepareSchema(link, { schema, server, name, uniqueId, withinMs });
  }
}
