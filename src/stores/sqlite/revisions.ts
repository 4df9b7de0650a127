// The revisions of commits: one counter in the database, which is read once and written once in a transaction,
// however many commits share it.

import type { Database, Statement } from "./driver.ts";
import { COUNTER, LAST_REVISION } from "./schema.ts";

/** The revisions of one transaction: read and written once, however many commits share it. */
export class RevisionCounter {
  readonly #read: Statement;
  readonly #write: Statement;
  #stored: number | undefined;
  #last = 0;

  constructor(database: Database) {
    this.#read = database.prepare(LAST_REVISION);
    this.#write = database.prepare(
      `UPDATE slot SET revision = ? WHERE scope = ${COUNTER.scope} AND key = ${COUNTER.key}`,
    );
  }

  /** To be called when a transaction begins. */
  begin(): void {
    this.#stored = undefined;
  }

  /** The revision that the next commit gets. */
  next(): number {
    if (this.#stored === undefined) {
      this.#stored = Number(this.#read.get()?.["revision"]);
      this.#last = this.#stored;
    }
    return this.#last + 1;
  }

  use(revision: number): void {
    this.#last = revision;
  }

  /** Writes down what was used; the first revision and the last one, or `undefined` when none was. */
  settle(): { readonly first: number; readonly last: number } | undefined {
    if (this.#stored === undefined || this.#last === this.#stored) return undefined;
    this.#write.run(this.#last);
    return { first: this.#stored + 1, last: this.#last };
  }
}
