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
 * The row of the last revision, in SQL. It stands among the slots, where no text can name it: as long as they are
 * few, a commit writes one page of the database, not two.
 */
export const COUNTER = { scope: "x''", key: "x''" } as const;
export const LAST_REVISION: string = `SELECT revision FROM slot WHERE scope = ${COUNTER.scope} AND key = ${COUNTER.key}`;

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

/**
 * Makes the tables where there are none, and raises the epoch when the machine has booted since: what was
 * committed without a sync may have been lost with the power, and a token must never be given twice.
 * The tombstones of removed slots go with the boot too: whoever watched is gone.
 * Runs inside a write transaction of the caller.
 *
 * @returns the epoch
 * @throws PortError as `checkFormat`: another version may have come first.
 */
export function prepareSchema(database: Database, path: string, boot: string): number {
  const format = checkFormat(database, path);
  if (format === 0) {
    database.exec(`
      CREATE TABLE epoch (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch INTEGER NOT NULL,
        boot TEXT NOT NULL,
        forgotten INTEGER NOT NULL
      );
      CREATE TABLE slot (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        value TEXT,
        PRIMARY KEY (scope, key)
      ) WITHOUT ROWID;
      INSERT INTO slot VALUES (${COUNTER.scope}, ${COUNTER.key}, 0, 'the last revision');
      PRAGMA user_version = ${FORMAT};
    `);
    database.prepare("INSERT INTO epoch VALUES (1, 1, ?, 0)").run(boot);
  } else {
    const raise = database.prepare(
      `UPDATE epoch SET epoch = epoch + 1, boot = ?, forgotten = (${LAST_REVISION}) WHERE boot <> ?`,
    );
    if (raise.run(boot, boot).changes > 0) database.exec("DELETE FROM slot WHERE value IS NULL");
  }
  return Number(database.prepare("SELECT epoch FROM epoch").get()?.["epoch"]);
}
