// What a batch of commits is to the server, and what it answers.

import type { Slot, SlotChange, Token } from "../../contract/index.ts";
import type { Attempt, Condition } from "../common/index.ts";
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

/** The slots of a call. */
export function itemsOf(
  scope: string,
  changes: readonly SlotChange[],
  conditions: readonly Condition[],
): Item[] {
  return [
    ...changes.map((change) => ({ ...change, scope: change.scope ?? scope, isChange: true })),
    ...conditions.map(({ key, revision }) => ({
      scope,
      key,
      ifRevision: revision,
      isChange: false,
      value: null,
    })),
  ];
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
  batch: Batch,
  withinMs: number,
): Promise<Outcome[]> {
  const { id, calls } = batch;
  const items = calls.flatMap((call, at) => call.map((item) => ({ ...item, call: at + 1 })));
  const rows = await link.query(
    `SELECT * FROM ${identifier}.commit_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      id,
      patience(withinMs),
      calls.length,
      items.map(({ call }) => call),
      items.map(({ scope }) => scope),
      items.map(({ key }) => key),
      items.map(({ ifRevision }) => ifRevision),
      items.map(({ isChange }) => isChange),
      items.map(({ value }) => value),
      items.map(({ ttlMs }) => ttlMs),
    ],
    withinMs,
  );
  const [epoch, revisions, refused] = rows[0] ?? [];
  const isRefused = new Set((refused ?? "").split(",").map(Number));
  const slots = new Map(rows.map(([, , , item, revision, value]) => [Number(item), { revision, value }]));
  const given = (revisions ?? "").split(",").map(Number);
  let before = 0;
  return calls.map((call, at) => {
    const first = before + 1;
    before += call.length;
    const revision = given[at] ?? 0;
    if (revision > 0) return { committed: true, token: { epoch: Number(epoch), revision } };
    const found = call.flatMap(({ scope, key }, offset): FoundSlot[] => {
      const { revision: there = null, value = null } = slots.get(first + offset) ?? {};
      return there === null ? [] : [{ scope, key, revision: Number(there), value: value ?? "" }];
    });
    const changed = call.flatMap(({ key }, offset) => (isRefused.has(first + offset) ? [key] : []));
    return { committed: false, changed, found };
  });
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
