// The tables, and the format they have. `user_version` of the database is the number of the format.

import { statSync } from "node:fs";
import { PortError } from "../../core/index.ts";
import type { Database } from "./driver.ts";
import { storeDamaged } from "./failure.ts";

/**
 * The format that this version makes, and the newest it knows. A version reads and writes this one and the one
 * before it, as it finds it: two versions can share a folder. There is none before 1.
 */
const FORMAT = 1;

/**
 * The format of the database; 0: there is nothing in it yet. Writes nothing.
 * Runs inside a transaction of the caller: both questions are about one moment, else tables that another
 * process makes in between look like those of another program.
 *
 * @throws PortError `STORE_TOO_NEW` when a newer version wrote the database, `STORE_DAMAGED` when it is
 * another program's.
 */
export function checkFormat(database: Database, path: string): number {
  const format = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (format > FORMAT) {
    const message =
      `the database ${path} has format ${format}, this version of Moorage knows up to ${FORMAT}: ` +
      "use the newer version, or another state folder";
    throw new PortError("STORE_TOO_NEW", message, { path, format, supported: FORMAT });
  }
  if (format === 0 && database.prepare("SELECT 1 FROM sqlite_master LIMIT 1").get()) {
    const message = `the database ${path} is not Moorage's: it has tables of another program; use another state folder`;
    throw new PortError("STORE_DAMAGED", message, { path });
  }
  return format;
}

/**
 * Refuses a file that ends within a page. SQLite takes what is missing of a page for zeros: a page of the index
 * then leads to fewer slots without an error, whose ports would be granted twice. Of what is missing
 * from a page on, SQLite says so itself when it is asked for it.
 * Runs inside a transaction of the caller.
 *
 * @throws PortError `STORE_DAMAGED`
 */
export function expectWholePages(database: Database, path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const page = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
  if (size % page !== 0) throw storeDamaged(path, "it has lost its end");
}

/** This boot, and how much of it is over in ticks; see revisions.ts. */
export interface Moment {
  readonly boot: string;
  readonly ticks: number;
}

/** What the tokens of a boot are made of. */
export interface Era {
  readonly epoch: number;
  /** What a revision is beyond the ticks of its commit. */
  readonly base: number;
}

/**
 * Makes the tables where there are none, and begins a new epoch when the machine has booted since: what was
 * committed without a sync may have been lost with the power, and a token must never be given twice. Its revisions go
 * on above all there are. The tombstones of removed slots go with the boot too: whoever watched is gone.
 * Runs inside a write transaction of the caller.
 *
 * @throws PortError as `checkFormat`: another version may have come first.
 */
export function prepareSchema(database: Database, path: string, { boot, ticks }: Moment): Era {
  const format = checkFormat(database, path);
  if (format === 0) {
    database.exec(`
      CREATE TABLE epoch (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch INTEGER NOT NULL,
        boot TEXT NOT NULL,
        base INTEGER NOT NULL,
        forgotten INTEGER NOT NULL
      );
      CREATE TABLE slot (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        value TEXT,
        PRIMARY KEY (scope, key)
      ) WITHOUT ROWID;
      PRAGMA user_version = ${FORMAT};
    `);
    // Counted from now on, so that numbers are short.
    database.prepare("INSERT INTO epoch VALUES (1, 1, ?, ?, 0)").run(boot, -ticks);
    return { epoch: 1, base: -ticks };
  }
  const { epoch, base, isSameBoot } = readEpoch(database, path, boot);
  // A system that does not tell its boots has clocks that begin again all the same.
  if (isSameBoot && (boot !== "" || lastRevision(database) < base + ticks)) return { epoch, base };
  const highest = lastRevision(database);
  const next: Era = { epoch: epoch + 1, base: highest + 1 - ticks };
  database
    .prepare("UPDATE epoch SET epoch = ?, boot = ?, base = ?, forgotten = ?")
    .run(next.epoch, boot, next.base, highest);
  database.exec("DELETE FROM slot WHERE value IS NULL");
  return next;
}

/** The boot is compared by SQLite: libsql ends the process at a text whose bytes were overwritten. */
function readEpoch(database: Database, path: string, boot: string): Era & { readonly isSameBoot: boolean } {
  const row = database.prepare("SELECT epoch, base, boot = ? AS same FROM epoch").get(boot);
  const { epoch, base, same } = row ?? {};
  if (!isWhole(epoch) || !isWhole(base)) throw storeDamaged(path, "it has lost its epoch");
  return { epoch, base, isSameBoot: same === 1 };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Reads the whole table, and the tombstones that it had. */
function lastRevision(database: Database): number {
  const highest =
    "SELECT max(coalesce((SELECT max(revision) FROM slot), 0), forgotten) AS revision FROM epoch";
  return Number(database.prepare(highest).get()?.["revision"]);
}
