// The revisions of commits: one counter in the database, which a transaction moves on once, by as many as it has
// commits. Where some of them are refused, the last revisions are nobody's.

import type { Database, Statement } from "./driver.ts";
import { COUNTER } from "./schema.ts";

export class RevisionCounter {
  readonly #take: Statement;
  /** Of the transaction: what it may give out, and what it has. */
  #wanted = 0;
  #first: number | undefined;
  #next = 0;

  constructor(database: Database) {
    this.#take = database.prepare(
      `UPDATE slot SET revision = revision + ? WHERE scope = ${COUNTER.scope} AND key = ${COUNTER.key} ` +
        "RETURNING revision",
    );
  }

  /** To be called when a transaction begins that has so many commits at most. */
  begin(commits: number): void {
    this.#wanted = commits;
    this.#first = undefined;
  }

  /** The revision of a commit. */
  next(): number {
    if (this.#first === undefined) {
      this.#first = Number(this.#take.get(this.#wanted)?.["revision"]) - this.#wanted + 1;
      this.#next = this.#first;
    }
    return this.#next++;
  }

  /** The commit was refused: the next one gets its revision. */
  giveBack(): void {
    this.#next--;
  }

  /** What the transaction took from the counter, and whether a commit has any of it; `undefined`: nothing. */
  get taken(): { readonly first: number; readonly last: number; readonly isUsed: boolean } | undefined {
    if (this.#first === undefined) return undefined;
    const last = this.#first + this.#wanted - 1;
    return { first: this.#first, last, isUsed: this.#next > this.#first };
  }
}
