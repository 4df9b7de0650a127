// The table of slots. All of it runs inside a transaction of the caller.
//
// A slot that was removed stays as a tombstone, without a value, so that those who watch see it go. To
// everybody else it is not there. Tombstones are cleared away from time to time; `forgotten` is a revision that
// is above those that were, and a watch that has not seen it begins anew.

import type { ChangedSlot, Clock, Commit, Slot, SlotChange, SlotChanges } from "../../contract/index.ts";
import { byRevision } from "../common/index.ts";
import { type Database, type Row, type Statement, toText } from "./driver.ts";
import { Revisions } from "./revisions.ts";
import type { Era } from "./schema.ts";

/** A process clears tombstones away once in so many milliseconds; it reads the whole table, 15 ms for 100,000 slots. */
const CLEARING_MS = 600_000;

/** JSON has it only escaped, and so have nearly all values; see `all`. */
const SEPARATOR = "\u001f";

/** What stands in a text for bytes that are not UTF-8. */
const REPLACED = "\ufffd";

/** Out of so many in a text, 100,000 slots take a tenth less memory than out of a single one. */
const SLOTS_AT_ONCE = 2000;

const SLOTS = "SELECT key, revision, value FROM slot WHERE scope = ?";
const ROWS =
  "SELECT CAST(key AS BLOB) AS key, revision, CAST(value AS BLOB) AS value FROM slot WHERE scope = ?";

const SQL = {
  read: "SELECT revision, CAST(value AS BLOB) AS value FROM slot WHERE scope = ? AND key = ? AND value IS NOT NULL",
  revision: "SELECT revision, value IS NULL AS removed FROM slot WHERE scope = ? AND key = ?",
  put: "INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?)",
  add:
    "INSERT INTO slot VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE " +
    "SET revision = excluded.revision, value = excluded.value WHERE value IS NULL AND revision < excluded.revision",
  replace:
    "UPDATE slot SET revision = ?, value = ? WHERE scope = ? AND key = ? AND revision = ? AND value IS NOT NULL",
  list: `${ROWS} AND slot.value IS NOT NULL AND slot.key >= ? AND slot.key < ? ORDER BY slot.key`,
  packedList: packed(`${SLOTS} AND value IS NOT NULL AND key >= ? AND key < ?`),
  all: `${ROWS} AND slot.value IS NOT NULL AND slot.key >= ?`,
  packedAll: packed(`${SLOTS} AND value IS NOT NULL AND key >= ?`),
  changed: `${ROWS} AND revision > ?`,
  version: "PRAGMA data_version",
  forgotten: "SELECT forgotten FROM epoch",
  newest: "SELECT max(revision) AS revision FROM slot WHERE scope = ?",
  raise: "UPDATE epoch SET epoch = max(epoch, ?)",
  forget: "UPDATE epoch SET forgotten = max(forgotten, coalesce((SELECT max(revision) FROM slot), 0))",
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
  readonly #clock: Clock;
  readonly #revisions: Revisions;
  readonly #statements: Readonly<Record<keyof typeof SQL, Statement>>;
  /** The last commit here, and the last one of a transaction that was settled. */
  #changedBy = 0;
  #own = 0;
  #clearedAt: number;

  constructor(database: Database, { epoch, base }: Era, clock: Clock) {
    this.epoch = epoch;
    this.#clock = clock;
    this.#clearedAt = clock.elapsed();
    this.#revisions = new Revisions(clock, base);
    const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof SQL, Statement>;
  }

  /** To be called when a transaction ends; false when it changed nothing, and need not be kept. */
  settle(): boolean {
    if (this.#own === this.#changedBy) return false;
    this.#own = this.#changedBy;
    const now = this.#clock.elapsed();
    if (now - this.#clearedAt >= CLEARING_MS) {
      this.#clearedAt = now;
      this.#statements.forget.run();
      this.#statements.clear.run();
    }
    return true;
  }

  raiseEpoch(epoch: number): void {
    this.#statements.raise.run(epoch);
    // Not a commit of slots, and to be kept all the same.
    this.#changedBy = this.#revisions.next(0);
    this.#revisions.take(this.#changedBy);
  }

  read(scope: string, keys: readonly string[]): Map<string, Slot> {
    const slots = new Map<string, Slot>();
    for (const key of keys) {
      const row = this.#statements.read.get(scope, key);
      if (row) slots.set(key, { key, revision: Number(row["revision"]), value: toText(row["value"]) });
    }
    return slots;
  }

  list(scope: string, prefix: string): Slot[] {
    const { packedList, list } = this.#statements;
    return all(packedList, list, scope, prefix, after(prefix));
  }

  apply(scope: string, changes: readonly SlotChange[]): Commit {
    const [only] = changes;
    const isOne = only !== undefined && changes.length === 1;
    const applied = isOne ? this.#applyOne(only.scope ?? scope, only) : this.#applyAll(scope, changes);
    if (typeof applied !== "number") return { committed: false, changed: applied };
    this.#revisions.take(applied);
    this.#changedBy = applied;
    return { committed: true, token: { epoch: this.epoch, revision: applied } };
  }

  /** What a watch has not seen; `undefined` for nothing at all, not even commits of other scopes. */
  look(
    scope: string,
    seen: Seen | undefined,
  ): { readonly seen: Seen; readonly changes: SlotChanges } | undefined {
    const version = Number(this.#statements.version.get()?.["data_version"]);
    if (seen?.version === version && seen.own === this.#own) return undefined;
    const forgotten = Number(this.#statements.forgotten.get()?.["forgotten"]);
    const anew = seen === undefined || forgotten > seen.revision;
    const slots: ChangedSlot[] = anew
      ? all(this.#statements.packedAll, this.#statements.all, scope, "")
      : this.#statements.changed.all(scope, seen.revision).map(toChangedSlot);
    const newest = anew ? Number(this.#statements.newest.get(scope)?.["revision"] ?? 0) : seen.revision;
    const revision = slots.reduce(
      (highest, slot) => Math.max(highest, slot.revision),
      Math.max(newest, forgotten),
    );
    const changes = { all: anew, slots: slots.toSorted(byRevision), revision };
    return { seen: { revision, version, own: this.#own }, changes };
  }

  /** The revision of the changes, or the keys of the slots that have another one than they name. */
  #applyAll(scope: string, changes: readonly SlotChange[]): number | string[] {
    const rows = changes.map((change) => this.#rowOf(change.scope ?? scope, change.key));
    const changed = changes.filter(({ ifRevision }, at) => revisionOf(rows[at]!) !== ifRevision);
    if (changed.length > 0) return changed.map(({ key }) => key);
    const revision = this.#revisions.next(Math.max(0, ...rows.map((row) => row.revision)));
    for (const { scope: where = scope, key, ifRevision, value } of changes) {
      // The removal of what is not there leaves no tombstone.
      if (value !== null || ifRevision !== 0) this.#statements.put.run(where, key, revision, value);
    }
    return revision;
  }

  /** As `#applyAll`, in one statement, which looks at the revision itself. */
  #applyOne(scope: string, change: SlotChange): number | string[] {
    const { add, replace } = this.#statements;
    const { key, ifRevision, value } = change;
    const revision = this.#revisions.next(ifRevision);
    if (ifRevision !== 0) {
      const isDone = replace.run(revision, value, scope, key, ifRevision).changes === 1;
      return isDone ? revision : [key];
    }
    if (value !== null && add.run(scope, key, revision, value).changes === 1) return revision;
    const row = this.#rowOf(scope, key);
    if (!row.isThere && value === null) return revision;
    // A tombstone from a time that this clock has not reached.
    return row.isThere ? [key] : this.#applyAll(scope, [change]);
  }

  #rowOf(scope: string, key: string): SlotRow {
    const row = this.#statements.revision.get(scope, key);
    return { revision: Number(row?.["revision"] ?? 0), isThere: row !== undefined && row["removed"] === 0 };
  }
}

/** The revision of a slot or its tombstone; 0: there is neither. */
interface SlotRow {
  readonly revision: number;
  readonly isThere: boolean;
}

function revisionOf({ revision, isThere }: SlotRow): number {
  return isThere ? revision : 0;
}

/** As one text, slots leave the database in half of the time that they take as rows. */
function packed(select: string): string {
  const text = `group_concat(key || '${SEPARATOR}' || revision || '${SEPARATOR}' || value, '${SEPARATOR}')`;
  return `SELECT count(*) AS slots, CAST(${text} AS BLOB) AS text FROM (${select} ORDER BY key LIMIT ${SLOTS_AT_ONCE})`;
}

/**
 * All slots of a query from a key on, out of texts, each of which begins with the slot that ended the one before; out of its
 * rows where a key or a value has the separator in it, or a key is not the text that it is read as.
 */
function all(
  texts: Statement,
  rows: Statement,
  ...[scope, from, ...until]: readonly [scope: string, from: string, ...until: string[]]
): Slot[] {
  const byRow = (): Slot[] => rows.all(scope, from, ...until).map(toSlot);
  const slots: Slot[] = [];
  for (let next = from; ;) {
    const row = texts.get(scope, next, ...until);
    const count = Number(row?.["slots"]);
    if (count === 0) return slots;
    const pieces = toText(row?.["text"]).split(SEPARATOR);
    if (pieces.length !== 3 * count) return byRow();
    for (let at = slots.length === 0 ? 0 : 3; at < pieces.length; at += 3) {
      slots.push({ key: pieces[at]!, revision: Number(pieces[at + 1]), value: pieces[at + 2]! });
    }
    if (count < SLOTS_AT_ONCE) return slots;
    next = slots.at(-1)!.key;
    if (next.includes(REPLACED)) return byRow();
  }
}

/** The smallest text that sorts behind every text with this prefix, which is ASCII. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function toSlot(row: Row): Slot {
  return { key: toText(row["key"]), revision: Number(row["revision"]), value: toText(row["value"]) };
}

function toChangedSlot(row: Row): ChangedSlot {
  return row["value"] === null ? { ...toSlot(row), value: null } : toSlot(row);
}
