// Reading the slots: each statement sees one moment, and what it sees in it was committed in the order of revisions.
//
// A slot whose time is over is there until somebody has removed it, in a commit like any other. Whoever meets one does
// that first: what was told gone must not come back by a keep-alive that was under way.

import type { ChangedSlot, Slot, SlotChanges } from "../../contract/index.ts";
import { type Link, patience, type Row } from "./link.ts";
import type { SchemaName } from "./schema-name.ts";

/** How far a watch has come, and what the server told it besides. */
export interface Look {
  readonly changes: SlotChanges;
  /** In how many milliseconds the next slot of the database runs out. */
  readonly expiresInMs: number | undefined;
  readonly isTrimDue: boolean;
}

export interface Asked {
  /** The revision that a watch has come to. */
  readonly seen: number | undefined;
  /** What is to be told others on the way, and as whom; see notices.ts. */
  readonly telling: { readonly scopes: readonly string[]; readonly teller: string };
}

export interface Reading {
  readonly link: Link;
  readonly withinMs: number;
  readonly schema: SchemaName;
}

export async function readSlots(
  reading: Reading,
  scope: string,
  keys: readonly string[],
): Promise<Map<string, Slot>> {
  const slots = await withoutExpired(
    reading,
    `SELECT * FROM ${reading.schema.identifier}.read_slots($1, $2)`,
    [scope, keys],
  );
  return new Map(slots.map((slot) => [slot.key, slot]));
}

export async function listSlots(reading: Reading, scope: string, prefix: string): Promise<Slot[]> {
  return await withoutExpired(reading, `SELECT * FROM ${reading.schema.identifier}.list_slots($1, $2, $3)`, [
    scope,
    prefix,
    after(prefix),
  ]);
}

export async function keepAlive(reading: Reading, scope: string, key: string): Promise<boolean> {
  const { link, withinMs, schema } = reading;
  const [row] = await link.query(`SELECT ${schema.identifier}.keep_alive($1, $2)`, [scope, key], withinMs);
  return row?.[0] === "t";
}

/** Removes all slots whose time is over. */
export async function sweep({ link, withinMs, schema }: Reading): Promise<void> {
  await link.query(`SELECT ${schema.identifier}.sweep($1)`, [patience(withinMs)], withinMs);
}

export async function trim({ link, withinMs, schema }: Reading): Promise<void> {
  await link.query(`SELECT ${schema.identifier}.trim()`, [], withinMs);
}

/**
 * What changed in a scope after the revision `seen`; all slots when nothing was seen yet, or changes after it are
 * forgotten.
 */
export async function lookAt(reading: Reading, scope: string, asked: Asked): Promise<Look> {
  return (await ask(reading, scope, asked)) ?? (await ask(reading, scope, { ...asked, seen: undefined }))!;
}

/** What the server says of a scope; see questions.ts. */
interface Answer {
  readonly newest: number;
  readonly trimmed: number;
  readonly expires_in: number | null;
  readonly is_trim_due: boolean;
  /** In the order of revisions. */
  readonly keys: readonly string[] | null;
  readonly revisions: readonly number[];
  readonly values: readonly (string | null)[];
}

async function ask(
  { link, withinMs, schema }: Reading,
  scope: string,
  { seen, telling: { scopes, teller } }: Asked,
): Promise<Look | undefined> {
  const text = `SELECT ${schema.identifier}.look($1, $2, $3, $4)`;
  const [row] = await link.query(text, [scope, seen, scopes, teller], withinMs);
  const { newest, trimmed, expires_in, is_trim_due, keys, revisions, values } = JSON.parse(
    row?.[0] ?? "",
  ) as Answer;
  if (seen !== undefined && seen < trimmed) return undefined;
  const slots = (keys ?? []).map((key, at): ChangedSlot => ({
    key,
    revision: revisions[at]!,
    value: values[at]!,
  }));
  return {
    changes: { all: seen === undefined, slots, revision: newest },
    expiresInMs: expires_in ?? undefined,
    isTrimDue: is_trim_due,
  };
}

async function withoutExpired(reading: Reading, text: string, values: readonly unknown[]): Promise<Slot[]> {
  for (;;) {
    const rows = await reading.link.query(text, values, reading.withinMs);
    if (!rows.some(([, , , isExpired]) => isExpired === "t")) return rows.map(toSlot);
    await sweep(reading);
  }
}

/** The smallest text that sorts behind every text with this prefix, which is ASCII. */
function after(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

function toSlot([key, revision, value]: Row): Slot {
  return { key: key ?? "", revision: Number(revision), value: value ?? "" };
}
