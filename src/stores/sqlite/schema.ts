// The tables, and the format they have. `user_version` of the database is the number of the format.

import { PortError } from "../../core/index.ts";
import type { Database } from "./driver.ts";

/** The format that this version reads and writes. */
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
 * Makes the tables where there are none, and raises the epoch when the machine has booted since: what was
 * committed without a sync may have been lost with the power, and a token must never be given twice.
 * Runs inside a write transaction of the caller.
 *
 * @throws PortError as `checkFormat`: another version may have come first.
 */
export function prepareSchema(database: Database, path: string, boot: string): void {
  const format = checkFormat(database, path);
  if (format === 0) {
    database.exec(`
      CREATE TABLE counter (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        boot TEXT NOT NULL
      );
      CREATE TABLE slot (
        scope TEXT NOT NULL,
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (scope, key)
      ) WITHOUT ROWID;
      PRAGMA user_version = ${FORMAT};
    `);
    database.prepare("INSERT INTO counter VALUES (1, 1, 0, ?)").run(boot);
  } else {
    database.prepare("UPDATE counter SET epoch = epoch + 1, boot = ? WHERE boot <> ?").run(boot, boot);
  }
}
