// Mends what an audit finds, issue by issue, in commits like everybody else's: who changes a slot meanwhile wins,
// and what is left is looked at again.

import type { Slot } from "../contract/index.ts";
import type { RecordIssue } from "./audit-records.ts";
import { audit, readScope } from "./audit.ts";
import type { World } from "./world.ts";

/** Told of slots before their values are lost; they must be safe when it returns. */
export type Keeper = (scope: string, slots: readonly Slot[]) => void;

/** One issue can hide another; more rounds than this mean that somebody damages records while they are mended. */
const MOST_ROUNDS = 20;

/** @returns what was done, in words */
export async function mend(world: World, keep: Keeper): Promise<string[]> {
  const done: string[] = [];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { issues } = await audit(world, await readScope(world));
    const touched = new Set<string>();
    const mendable = issues.filter((issue) => issue.mend && isUntouched(issue, touched));
    if (mendable.length === 0) break;
    for (const issue of mendable) {
      const mended = await commit(world, issue, keep);
      if (mended !== undefined) done.push(mended);
    }
  }
  return done;
}

/** Whether no issue before it changes the same slots; takes note of those it changes. */
function isUntouched({ mend: how }: RecordIssue, touched: Set<string>): boolean {
  const keys = how?.changes.map(({ key }) => key) ?? [];
  if (keys.some((key) => touched.has(key))) return false;
  for (const key of keys) touched.add(key);
  return true;
}

async function commit(world: World, { mend: how }: RecordIssue, keep: Keeper): Promise<string | undefined> {
  const { store, scope } = world;
  if (!how) return undefined;
  if (how.removes.length > 0) keep(scope, how.removes);
  const { committed } = await store.commit(scope, how.changes, { durable: true });
  return committed ? how.done : undefined;
}
