// The SQLite store: one table of slots, the calls of a process in shared transactions.
//
// What a commit costs, one at a time on a quiet disk: 40 microseconds when it must outlive any process, 200
// when it must outlive the power (`durable`; the wait for the disk, up to 35 ms when that is busy). Sixteen at
// a time share either. See connection.ts for what each survives.

import { join } from "node:path";
import {
  type AbortableOptions,
  type AbortSignalLike,
  type Chance,
  type Clock,
  type Commit,
  type CommitOptions,
  type Decide,
  type Slot,
  type SlotChange,
  type SlotChanges,
  type Store,
  type StoreLimits,
  throwIfAborted,
} from "../../contract/index.ts";
import { expectChanges, expectPrefix, storeClosed, Watches } from "../common/index.ts";
import { Connection, type Lock } from "./connection.ts";
import { expectOwnFile, keepFromOthers, prepareDirectory } from "./directory.ts";
import { type Database, loadDriver } from "./driver.ts";
import { storeFailure } from "./failure.ts";
import { type CallOptions, CallQueue } from "./queue.ts";
import { whenNotBusy } from "./retry.ts";
import { ticksOf } from "./revisions.ts";
import { checkFormat, type Era, expectWholePages, prepareSchema } from "./schema.ts";
import { type Seen, SlotTable } from "./slots.ts";

export interface SqliteStoreOptions {
  /** The state folder; made when it does not exist. */
  readonly directory: string;
  /** What tells this boot of the machine from others. */
  readonly boot: string;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** Milliseconds between two looks of a watch. */
const WATCH_PAUSE_MS = 50;
/** A look reads the whole table when anything changed: it may take a tenth of the time at most. */
const WATCH_REST = 10;

/**
 * Opens the registry's database in a folder.
 *
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_BUSY`, `DRIVER_MISSING`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { directory, boot, clock, chance } = options;
  prepareDirectory(directory);
  const path = join(directory, "registry.db");
  const isNew = !expectOwnFile(path);
  let opened: Database | undefined;
  try {
    const database = loadDriver().open(path);
    opened = database;
    // The log and the index beside it, which are made later, get the same mode.
    if (isNew) keepFromOthers(path);
    const connection = new Connection(database, path);
    // SQLite itself does not wait for locks; see retry.ts.
    database.exec("PRAGMA busy_timeout = 0");
    // Before anything is written: the file of a newer version stays as it is.
    const check = (): void =>
      connection.transact("READ", () => {
        if (checkFormat(database, path) !== 0) expectWholePages(database, path);
      });
    await whenNotBusy(check, { clock, chance });
    await whenNotBusy(() => database.exec("PRAGMA journal_mode = WAL"), { clock, chance });
    const prepare = (): Era =>
      connection.transact("WRITE", () => prepareSchema(database, path, { boot, ticks: ticksOf(clock) }));
    const era = await whenNotBusy(prepare, { clock, chance });
    return new SqliteStore(connection, new SlotTable(database, era, clock), clock, chance);
  } catch (error) {
    opened?.close();
    throw storeFailure(error, path);
  }
}

interface Look {
  readonly found: ReturnType<SlotTable["look"]>;
  readonly tookMs: number;
}

class SqliteStore implements Store {
  readonly epoch: number;
  readonly limits: StoreLimits = { changes: 10_000 };
  readonly #connection: Connection;
  readonly #slots: SlotTable;
  readonly #clock: Clock;
  readonly #queue: CallQueue;
  readonly #watches = new Watches();
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, slots: SlotTable, clock: Clock, chance: Chance) {
    this.epoch = slots.epoch;
    this.#connection = connection;
    this.#slots = slots;
    this.#clock = clock;
    const transactions = {
      begin: (lock: Lock, durable: boolean) => connection.begin(lock, durable),
      commit: (lock: Lock) => {
        if (lock === "READ" || slots.settle()) connection.commit();
        else connection.rollBack();
      },
      alone: <Result>(body: () => Result): Result => connection.alone(body),
      rollBack: () => connection.rollBack(),
      failure: (error: unknown) => connection.failure(error),
    };
    this.#queue = new CallQueue(transactions, { clock, chance });
  }

  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    const isOneRead = keys.length === 1;
    return this.#run("READ", () => this.#slots.read(scope, keys), { ...options, isOneRead });
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    expectPrefix(prefix);
    return await this.#run("READ", () => this.#slots.list(scope, prefix), options);
  }

  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    const body = (): Commit => {
      expectChanges(scope, changes, this.limits);
      return this.#slots.apply(scope, changes);
    };
    return this.#run("WRITE", body, options);
  }

  update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined> {
    const body = (): Commit | undefined => {
      const changes = decide(this.#slots.read(scope, keys));
      if (changes.length === 0) return undefined;
      expectChanges(scope, changes, this.limits);
      return this.#slots.apply(scope, changes);
    };
    return this.#run("WRITE", body, options);
  }

  watch(scope: string, options?: AbortableOptions): AsyncIterableIterator<SlotChanges> {
    if (this.#closing) throw storeClosed();
    const look = this.#look.bind(this, scope);
    const clock = this.#clock;
    return this.#watches.start(async function* (signal) {
      for (let seen: Seen | undefined; ;) {
        const { found, tookMs } = await look(seen, signal);
        seen = found?.seen ?? seen;
        if (found && (found.changes.all || found.changes.slots.length > 0)) yield found.changes;
        const rest = Math.max(WATCH_PAUSE_MS, WATCH_REST * tookMs);
        await clock.sleep(rest, { signal });
      }
    }, options);
  }

  raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    return this.#run("WRITE", () => this.#slots.raiseEpoch(epoch), { ...options, durable: true });
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#watches.end();
    await this.#queue.idle();
    this.#connection.close();
  }

  #run<Result>(lock: Lock, body: () => Result, options?: CallOptions): Promise<Result> {
    if (this.#closing) return Promise.reject(storeClosed());
    return this.#queue.run(lock, body, options);
  }

  async #look(scope: string, seen: Seen | undefined, signal: AbortSignalLike): Promise<Look> {
    throwIfAborted(signal);
    const look = (): Look => {
      const began = this.#clock.elapsed();
      const found = this.#slots.look(scope, seen);
      return { found, tookMs: this.#clock.elapsed() - began };
    };
    return await this.#run("READ", look, { signal });
  }
}
