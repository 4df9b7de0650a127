// The SQLite store: one table of slots, one counter of revisions, one write transaction a commit.
//
// WAL mode with synchronous=NORMAL: a commit survives the death of any process. A power cut may lose the
// last ones, and with them only leases whose processes died in it; the epoch is raised at the next boot, so
// that no token is given twice. That step alone is synced at once.

import { statSync } from "node:fs";
import { join } from "node:path";
import type {
  AbortableOptions,
  Chance,
  Clock,
  Commit,
  Slot,
  SlotChange,
  Store,
} from "../../contract/index.ts";
import { prepareDirectory } from "./directory.ts";
import { type Database, loadDriver, type Row, type Statement } from "./driver.ts";
import { reason, storeFailure, unavailable } from "./failure.ts";
import { whenNotBusy } from "./retry.ts";
import { checkFormat, prepareSchema } from "./schema.ts";

export interface SqliteStoreOptions {
  /** The state folder; made when it does not exist. */
  readonly directory: string;
  /** What tells this boot of the machine from others. */
  readonly boot: string;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** Milliseconds that SQLite itself waits for a lock; see retry.ts. */
const OWN_WAIT_MS = 1;

/**
 * Locks are taken by exec(), never by a prepared statement: one that finds the database locked stays open
 * until it is collected, and an old state of the database with it, on which nothing can be written.
 */
const BEGIN = { READ: "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", WRITE: "BEGIN IMMEDIATE" } as const;

/**
 * Opens the registry's database in a folder.
 *
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_BUSY`, `DRIVER_MISSING`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { directory, boot, clock, chance } = options;
  prepareDirectory(directory);
  const path = join(directory, "registry.db");
  let opened: Database | undefined;
  try {
    const database = loadDriver().open(path);
    opened = database;
    const file = fileAt(path);
    database.exec(`PRAGMA busy_timeout = ${OWN_WAIT_MS}`);
    // Before anything is written: the file of a newer version stays as it is.
    const check = (): number => inTransaction(database, "READ", () => checkFormat(database, path));
    await whenNotBusy(check, { clock, chance });
    await whenNotBusy(() => database.exec("PRAGMA journal_mode = WAL"), { clock, chance });
    database.exec("PRAGMA synchronous = FULL");
    const prepare = (): void => inTransaction(database, "WRITE", () => prepareSchema(database, path, boot));
    await whenNotBusy(prepare, { clock, chance });
    database.exec("PRAGMA synchronous = NORMAL");
    return new SqliteStore(database, { path, file }, clock, chance);
  } catch (error) {
    opened?.close();
    throw storeFailure(error, path);
  }
}

class SqliteStore implements Store {
  readonly epoch: number;
  readonly #database: Database;
  readonly #path: string;
  readonly #file: string | undefined;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #statements: Readonly<
    Record<"read" | "list" | "revisions" | "put" | "remove" | "next", Statement>
  >;
  #closed = false;

  constructor(
    database: Database,
    { path, file }: { readonly path: string; readonly file: string | undefined },
    clock: Clock,
    chance: Chance,
  ) {
    this.#database = database;
    this.#path = path;
    this.#file = file;
    this.#clock = clock;
    this.#chance = chance;
    const among = "scope = ? AND key IN (SELECT value FROM json_each(?))";
    this.#statements = {
      read: database.prepare(`SELECT key, revision, value FROM slot WHERE ${among}`),
      revisions: database.prepare(`SELECT key, revision FROM slot WHERE ${among}`),
      list: database.prepare(
        "SELECT key, revision, value FROM slot WHERE scope = ? AND key >= ? AND key < ? ORDER BY key",
      ),
      put: database.prepare("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?)"),
      remove: database.prepare("DELETE FROM slot WHERE scope = ? AND key = ?"),
      next: database.prepare("UPDATE counter SET revision = revision + 1 RETURNING revision"),
    };
    this.epoch = Number(database.prepare("SELECT epoch FROM counter").get()?.["epoch"]);
  }

  async read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    const rows = await this.#run(() => this.#statements.read.all(scope, JSON.stringify(keys)), options);
    return new Map(rows.map((row) => [String(row["key"]), toSlot(row)]));
  }

  async list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    const rows = await this.#run(() => this.#statements.list.all(scope, prefix, after(prefix)), options);
    return rows.map(toSlot);
  }

  async commit(scope: string, changes: readonly SlotChange[], options?: AbortableOptions): Promise<Commit> {
    const apply = (): Commit => inTransaction(this.#database, "WRITE", () => this.#apply(scope, changes));
    return await this.#run(apply, options);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
  }

  #apply(scope: string, changes: readonly SlotChange[]): Commit {
    const { revisions, put, remove, next } = this.#statements;
    const rows = revisions.all(scope, JSON.stringify(changes.map(({ key }) => key)));
    const current = new Map(rows.map((row) => [row["key"], Number(row["revision"])]));
    const changed = changes.filter(({ key, ifRevision }) => (current.get(key) ?? 0) !== ifRevision);
    if (changed.length > 0) return { committed: false, changed: changed.map(({ key }) => key) };
    const revision = Number(next.get()?.["revision"]);
    for (const { key, value } of changes) {
      if (value === null) remove.run(scope, key);
      else put.run(scope, key, revision, value);
    }
    return { committed: true, token: { epoch: this.epoch, revision } };
  }

  /** SQLite goes on with a file that lost its name, and programs that come later would not see its leases. */
  #expectInPlace(): void {
    const file = fileAt(this.#path);
    if (file !== undefined && file === this.#file) return;
    const why =
      "the file was moved or removed while it was in use; start this program again to use what is there now";
    throw unavailable(this.#path, why);
  }

  async #run<Result>(attempt: () => Result, options?: AbortableOptions): Promise<Result> {
    const attemptInPlace = (): Result => {
      this.#expectInPlace();
      return attempt();
    };
    try {
      return await whenNotBusy(attemptInPlace, {
        clock: this.#clock,
        chance: this.#chance,
        signal: options?.signal,
      });
    } catch (error) {
      throw storeFailure(error, this.#path);
    }
  }
}

/** Runs `body` in a transaction that has its lock from the start. */
function inTransaction<Result>(database: Database, lock: keyof typeof BEGIN, body: () => Result): Result {
  try {
    database.exec(BEGIN[lock]);
    const result = body();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** Which file the path leads to, or `undefined` when there is none. */
function fileAt(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat && `${stat.dev} ${stat.ino}`;
  } catch (error) {
    throw unavailable(path, reason(error), error);
  }
}

/** SQLite ends some failed transactions itself, and some never began; the error that ended it is the one to report. */
function rollBack(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // Nothing is open any more.
  }
}

/** The smallest text that sorts behind every text with this prefix, which ends in an ASCII character. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function toSlot(row: Row): Slot {
  return { key: String(row["key"]), revision: Number(row["revision"]), value: String(row["value"]) };
}
