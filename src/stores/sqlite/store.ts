// The SQLite store: one table of slots, one counter of revisions, one write transaction a commit.
//
// WAL mode with synchronous=NORMAL: a commit survives the death of any process. A power cut may lose the
// last ones, and with them only leases whose processes died in it; the epoch is raised at the next boot, so
// that no token is given twice. That step alone is synced at once.

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
import { storeFailure } from "./failure.ts";
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
    database.exec(`PRAGMA busy_timeout = ${OWN_WAIT_MS}`);
    // Before anything is written: the file of a newer version stays as it is.
    await whenNotBusy(() => checkFormat(database, path), { clock, chance });
    await whenNotBusy(() => database.exec("PRAGMA journal_mode = WAL"), { clock, chance });
    database.exec("PRAGMA synchronous = FULL");
    await whenNotBusy(() => inTransaction(database, () => prepareSchema(database, path, boot)), {
      clock,
      chance,
    });
    database.exec("PRAGMA synchronous = NORMAL");
    return new SqliteStore(database, path, clock, chance);
  } catch (error) {
    opened?.close();
    throw storeFailure(error, path);
  }
}

class SqliteStore implements Store {
  readonly epoch: number;
  readonly #database: Database;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #statements: Readonly<
    Record<"read" | "list" | "revisions" | "put" | "remove" | "next", Statement>
  >;
  #closed = false;

  constructor(database: Database, path: string, clock: Clock, chance: Chance) {
    this.#database = database;
    this.#path = path;
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
    return await this.#run(() => inTransaction(this.#database, () => this.#apply(scope, changes)), options);
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

  async #run<Result>(attempt: () => Result, options?: AbortableOptions): Promise<Result> {
    try {
      return await whenNotBusy(attempt, {
        clock: this.#clock,
        chance: this.#chance,
        signal: options?.signal,
      });
    } catch (error) {
      throw storeFailure(error, this.#path);
    }
  }
}

function inTransaction<Result>(database: Database, body: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = body();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** SQLite ends some failed transactions itself; the error that ended it is the one to report. */
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
