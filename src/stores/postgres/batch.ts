// What a batch of commits is to the server, and what it answers.

import type { Slot, SlotChange, Token } from "../../contract/index.ts";
import type { Attempt, Condition } from "../common/index.ts";
import { toJson } from "./json.ts";
import { type Link, patience, type Row } from "./link.ts";
import type { SchemaName } from "./schema-name.ts";

/** A slot of a call: what it must be, and what it becomes if it is a change. */
export interface Item {
  readonly scope: string;
  readonly key: string;
  /** 0: there is none. */
  readonly ifRevision: number;
  readonly isChange: boolean;
  /** `null`: there is to be none. */
  readonly value: string | null;
  /** Of a slot that expires. */
  readonly ttlMs?: number | undefined;
}

export interface Batch {
  /** Told from all others. */
  readonly id: string;
  readonly calls: readonly (readonly Item[])[];
  readonly scopes: ReadonlySet<string>;
}

type FoundSlot = Slot & { readonly scope: string };

/** What became of a call; when it was refused, the keys that were not as they must be, and the slots there were. */
export type Outcome =
  | { readonly committed: true; readonly token: Token }
  | {
      readonly committed: false;
      readonly changed: readonly string[];
      readonly found: readonly FoundSlot[];
    };

/** What the server says of a batch; see commit-batch.ts. */
interface Answer {
  readonly epoch: number;
  /** Of each call that was committed; none when no call was. */
  readonly revisions: readonly (number | null)[] | null;
  /** The numbers of the items that were not as they must be, from 1. */
  readonly refused: readonly number[] | null;
  readonly found:
    readonly { readonly item: number; readonly revision: number; readonly value: string }[] | null;
}

/** The slots of a call. */
export function itemsOf(
  scope: string,
  changes: readonly SlotChange[],
  conditions: readonly Condition[],
): Item[] {
  const items: Item[] = [];
  for (const { scope: where = scope, key, ifRevision, value } of changes) {
    items.push({ scope: where, key, ifRevision, isChange: true, value });
  }
  for (const { key, revision } of conditions) {
    items.push({ scope, key, ifRevision: revision, isChange: false, value: null });
  }
  return items;
}

/** An outcome as updates of a scope have it. */
export function attemptOf(scope: string, outcome: Outcome): Attempt {
  if (outcome.committed) return outcome;
  const { changed } = outcome;
  const found = outcome.found.flatMap(({ scope: where, ...slot }) => (where === scope ? [slot] : []));
  return { committed: false, changed, found: new Map(found.map((slot) => [slot.key, slot])) };
}

/** The outcome of each call. */
export async function sendBatch(
  link: Link,
  { identifier }: SchemaName,
  { id, calls }: Batch,
  withinMs: number,
): Promise<Outcome[]> {
  const text = `SELECT ${identifier}.commit_batch($1, $2, $3, $4)`;
  const [row] = await link.query(
    text,
    [id, patience(withinMs), calls.length, toJson(columnsOf(calls))],
    withinMs,
  );
  const { epoch, revisions, refused, found } = JSON.parse(row?.[0] ?? "") as Answer;
  const isRefused = new Set(refused);
  const slots = new Map(found?.map((slot) => [slot.item, slot]));
  let before = 0;
  return calls.map((call, at) => {
    const first = before + 1;
    before += call.length;
    const revision = revisions?.[at];
    if (revision) return { committed: true, token: { epoch, revision } };
    const there = call.flatMap(({ scope, key }, offset): FoundSlot[] => {
      const slot = slots.get(first + offset);
      return slot ? [{ scope, key, revision: slot.revision, value: slot.value }] : [];
    });
    const changed = call.flatMap(({ key }, offset) => (isRefused.has(first + offset) ? [key] : []));
    return { committed: false, changed, found: there };
  });
}

/** The items of calls, as the server takes them. */
function columnsOf(calls: Batch["calls"]): object {
  const columns = {
    call_of: [] as number[],
    scopes: [] as string[],
    keys: [] as string[],
    conditions: [] as number[],
    changes: [] as boolean[],
    new_values: [] as (string | null)[],
    ttls: [] as (string | null)[],
  };
  for (const [at, call] of calls.entries()) {
    for (const { scope, key, ifRevision, isChange, value, ttlMs } of call) {
      columns.call_of.push(at + 1);
      columns.scopes.push(scope);
      columns.keys.push(key);
      columns.conditions.push(ifRevision);
      columns.changes.push(isChange);
      columns.new_values.push(value);
      // As text, which is an error if it is no number: JSON makes that null, which is a slot that stays.
      columns.ttls.push(ttlMs === undefined ? null : String(ttlMs));
    }
  }
  return columns;
}

/** The outcomes that can be told of a batch whose answer was lost. What is not told was not done, and never will be. */
export async function settleBatch(
  link: Link,
  { identifier }: SchemaName,
  { id, calls, scopes }: Batch,
  withinMs: number,
): Promise<(Outcome | undefined)[]> {
  const rows = await link.query(
    `SELECT * FROM ${identifier}.settle_batch($1, $2, $3)`,
    [id, patience(withinMs), [...scopes]],
    withinMs,
  );
  const tokens = new Map(rows.map((row) => [`${row[1]}\0${row[2]}`, tokenOf(row)]));
  return calls.map((call) => {
    for (const { scope, key } of call) {
      const token = tokens.get(`${scope}\0${key}`);
      if (token) return { committed: true, token };
    }
    return undefined;
  });
}

function tokenOf([epoch, , , revision]: Row): Token {
  return { epoch: Number(epoch), revision: Number(revision) };
}
