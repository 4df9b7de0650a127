// One connection to the database: its transactions, one at a time, and the revisions they give out.
//
// Two words about what a commit survives. Relaxed (synchronous=NORMAL in WAL mode): the end of any process, as
// the system has what was written; a power cut may lose the last ones, which is why the epoch rises at a boot.
// Durable (FULL): the disk has it before it is told, and all that was committed before it.

import { type BigIntStats, statSync } from "node:fs";
import { setImmediate } from "node:timers";
import type { Database } from "./driver.ts";
import { reason, storeFailure, unavailable } from "./failure.ts";

/**
 * Locks are taken by exec(), never by a prepared statement: one that finds the database locked stays open
 * until it is collected, and an old state of the database with it, on which nothing can be written.
 */
const BEGIN = { READ: "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", WRITE: "BEGIN IMMEDIATE" } as const;

export type Lock = keyof typeof BEGIN;
type Synchronous = "FULL" | "NORMAL";

export class Connection {
  readonly #database: Database;
  readonly #path: string;
  readonly #file: BigIntStats | undefined;
  #synchronous: Synchronous | undefined;
  #seenInPlace = false;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
    this.#file = fileAt(path);
  }

  /** Begins a transaction that has its lock from the start. */
  begin(lock: Lock, durable: boolean): void {
    const synchronous = durable ? "FULL" : "NORMAL";
    if (lock === "WRITE" && this.#synchronous !== synchronous) {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
      this.#synchronous = synchronous;
    }
    this.#database.exec(BEGIN[lock]);
  }

  /** @throws PortError `STORE_UNAVAILABLE` when the file is not in its place any more: nothing is committed. */
  commit(): void {
    this.#expectInPlace();
    this.#database.exec("COMMIT");
  }

  /** Runs what is one statement, which is a transaction by itself. */
  alone<Result>(body: () => Result): Result {
    this.#expectInPlace();
    return body();
  }

  /** SQLite ends some failed transactions itself, and some never began; the error that ended it is the one to report. */
  rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // Nothing is open any more.
    }
  }

  /** Runs `body` in a durable transaction of its own. */
  transact<Result>(lock: Lock, body: () => Result): Result {
    try {
      this.begin(lock, true);
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** What to tell the caller of a failed transaction. */
  failure(error: unknown): unknown {
    try {
      this.#expectInPlace();
    } catch (moved) {
      return moved;
    }
    return storeFailure(error, this.#path);
  }

  /**
   * SQLite goes on with a file that lost its name, and programs that come later would not see its leases. One
   * look in each turn of the event loop: a file that goes in between could as well go after the commit.
   */
  #expectInPlace(): void {
    if (this.#seenInPlace) return;
    const file = fileAt(this.#path);
    if (file && this.#file && file.ino === this.#file.ino && file.dev === this.#file.dev) {
      this.#seenInPlace = true;
      setImmediate(() => (this.#seenInPlace = false)).unref();
      return;
    }
    const why =
      "the file was moved or removed while it was in use; start this program again to use what is there now";
    throw unavailable(this.#path, why);
  }
}

/** The file that the path leads to, or `undefined` when there is none. */
function fileAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw unavailable(path, reason(error), error);
  }
}
