// The table of slots. All of it runs inside a transaction of the caller.
//
// A slot that was removed stays as a tombstone, without a value, so that those who watch see it go. To
// everybody else it is not there. Tombstones are cleared away from time to time; `forgotten` is the last
// revision of those that were, and a watch that has not seen it begins anew.

import type { ChangedSlot, Commit, Slot, SlotChange, SlotChanges } from "../../contract/index.ts";
import { byRevision } from "../common/index.ts";
import type { Database, Row, Statement } from "./driver.ts";
import { RevisionCounter } from "./revisions.ts";
import { LAST_REVISION } from "./schema.ts";

/** Tombstones are cleared away once in so many commits; it reads the whole table, 15 ms for 100,000 slots. */
const COMMITS_BETWEEN_CLEARINGS = 65_536;

/** JSON has it only escaped, and so have nearly all values; see `unpack`. */
const SEPARATOR = "\u001f";

const SLOTS = "SELECT key, revision, value FROM slot WHERE scope = ?";

const SQL = {
  read: "SELECT revision, value FROM slot WHERE scope = ? AND key = ? AND value IS NOT NULL",
  revision: "SELECT revision FROM slot WHERE scope = ? AND key = ? AND value IS NOT NULL",
  put: "INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?)",
  add:
    "INSERT INTO slot VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE " +
    "SET revision = excluded.revision, value = excluded.value WHERE value IS NULL",
  replace:
    "UPDATE slot SET revision = ?, value = ? WHERE scope = ? AND key = ? AND revision = ? AND value IS NOT NULL",
  list: `${SLOTS} AND value IS NOT NULL AND key >= ? AND key < ? ORDER BY key`,
  packedList: packed(`${SLOTS} AND value IS NOT NULL AND key >= ? AND key < ? ORDER BY key`),
  all: `${SLOTS} AND value IS NOT NULL`,
  packedAll: packed(`${SLOTS} AND value IS NOT NULL`),
  changed: `${SLOTS} AND revision > ?`,
  version: "PRAGMA data_version",
  counter: `SELECT (${LAST_REVISION}) AS revision, forgotten FROM epoch`,
  forget: "UPDATE epoch SET forgotten = ?",
  clear: "DELETE FROM slot WHERE value IS NULL",
} as const;

/** How far a watch has seen. */
export interface Seen {
  readonly revision: number;
  /** Changes with every commit of another connection. */
  readonly version: number;
  /** The last commit of this connection. */
  readonly own: number;
}

export class SlotTable {
  readonly epoch: number;
  readonly #revisions: RevisionCounter;
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;
  #own = 0;

  constructor(database: Database, epoch: number) {
    this.epoch = epoch;
    this.#revisions = new RevisionCounter(database);
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof SQL, Statement>;
  }

  /** To be called when a transaction begins that has so many commits. */
  begin(commits: number): void {
    this.#revisions.begin(commits);
  }

  /** To be called when a transaction ends; false when all its commits were refused, and it need not be kept. */
  settle(): boolean {
    const { taken } = this.#revisions;
    if (!taken) return true;
    if (!taken.isUsed) return false;
    this.#own = taken.last;
    if (clearingsUntil(taken.first - 1) !== clearingsUntil(taken.last)) {
      this.#statements.clear.run();
      this.#statements.forget.run(taken.last);
    }
    return true;
  }

  read(scope: string, keys: readonly string[]): Map<string, Slot> {
    const slots = new Map<string, Slot>();
    for (const key of keys) {
      const row = this.#statements.read.get(scope, key);
      if (row) slots.set(key, { key, revision: Number(row["revision"]), value: String(row["value"]) });
    }
    return slots;
  }

  list(scope: string, prefix: string): Slot[] {
    const { packedList, list } = this.#statements;
    return all(packedList, list, scope, prefix, after(prefix));
  }

  apply(scope: string, changes: readonly SlotChange[]): Commit {
    const revision = this.#revisions.next();
    const [only] = changes;
    const isOne = only !== undefined && changes.length === 1;
    const changed = isOne ? this.#applyOne(scope, only, revision) : this.#applyAll(scope, changes, revision);
    if (changed.length === 0) return { committed: true, token: { epoch: this.epoch, revision } };
    this.#revisions.giveBack();
    return { committed: false, changed };
  }

  /** What a watch has not seen; `undefined` for nothing at all, not even commits of other scopes. */
  look(
    scope: string,
    seen: Seen | undefined,
  ): { readonly seen: Seen; readonly changes: SlotChanges } | undefined {
    const version = Number(this.#statements.version.get()?.["data_version"]);
    if (seen?.version === version && seen.own === this.#own) return undefined;
    const counter = this.#statements.counter.get();
    const revision = Number(counter?.["revision"]);
    const anew = seen === undefined || Number(counter?.["forgotten"]) > seen.revision;
    const slots: ChangedSlot[] = anew
      ? all(this.#statements.packedAll, this.#statements.all, scope)
      : this.#statements.changed.all(scope, seen.revision).map(toChangedSlot);
    const changes = { all: anew, slots: slots.toSorted(byRevision), revision };
    return { seen: { revision, version, own: this.#own }, changes };
  }

  /** The keys of the slots that have changed; none: the changes are made. */
  #applyAll(scope: string, changes: readonly SlotChange[], revision: number): string[] {
    const changed = changes.filter(({ key, ifRevision }) => this.#revisionOf(scope, key) !== ifRevision);
    if (changed.length > 0) return changed.map(({ key }) => key);
    for (const { key, ifRevision, value } of changes) {
      // The removal of what is not there leaves no tombstone.
      if (value !== null || ifRevision !== 0) this.#statements.put.run(scope, key, revision, value);
    }
    return [];
  }

  /** As `#applyAll`, in one statement, which looks at the revision itself. */
  #applyOne(scope: string, { key, ifRevision, value }: SlotChange, revision: number): string[] {
    const { add, replace } = this.#statements;
    let isDone: boolean;
    if (ifRevision !== 0) isDone = replace.run(revision, value, scope, key, ifRevision).changes === 1;
    else if (value === null) isDone = this.#revisionOf(scope, key) === 0;
    else isDone = add.run(scope, key, revision, value).changes === 1;
    return isDone ? [] : [key];
  }

  #revisionOf(scope: string, key: string): number {
    return Number(this.#statements.revision.get(scope, key)?.["revision"] ?? 0);
  }
}

function clearingsUntil(revision: number): number {
  return Math.floor(revision / COMMITS_BETWEEN_CLEARINGS);
}

/** In one text, slots leave the database in two thirds of the time that they take as rows. */
function packed(select: string): string {
  const fields = ["key", "revision", "value"].join(` || '${SEPARATOR}' || `);
  return `SELECT count(*) AS slots, group_concat(${fields}, '${SEPARATOR}') AS packed FROM (${select})`;
}

/** All slots of a query: from its text, or from its rows where a key or a value has the separator in it. */
function all(text: Statement, rows: Statement, ...parameters: readonly string[]): Slot[] {
  const row = text.get(...parameters);
  const count = Number(row?.["slots"]);
  if (count === 0) return [];
  const fields = String(row?.["packed"]).split(SEPARATOR);
  if (fields.length !== 3 * count) return rows.all(...parameters).map(toSlot);
  return Array.from({ length: count }, (_, index) => ({
    key: fields[3 * index]!,
    revision: Number(fields[3 * index + 1]),
    value: fields[3 * index + 2]!,
  }));
}

/** The smallest text that sorts behind every text with this prefix, which is ASCII. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function toSlot(row: Row): Slot {
  return { key: String(row["key"]), revision: Number(row["revision"]), value: String(row["value"]) };
}

function toChangedSlot(row: Row): ChangedSlot {
  return row["value"] === null ? { ...toSlot(row), value: null } : toSlot(row);
}
