// What the cases of the suite say when a store is not as it should be, whatever runs them.

import type { Commit } from "../contract/index.ts";

const LONGEST_SHOWN = 1000;

/** @throws Error that shows both, when `actual` has not the same contents as `expected`. */
export function same(what: string, actual: unknown, expected: unknown): void {
  const [was, wanted] = [text(actual), text(expected)];
  if (was === wanted) return;
  throw new Error(`${what}: expected ${shortened(wanted)}, received ${shortened(was)}`);
}

export function ok(what: string, condition: boolean): void {
  if (!condition) throw new Error(what);
}

/** The revision of a commit that must have been done. */
export function done(commit: Commit): number {
  if (!commit.committed) throw new Error(`a commit was refused for ${commit.changed.join(", ")}`);
  return commit.token.revision;
}

/** The error that a call must fail with. */
export async function failure(what: string, call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: it did not fail`);
}

/** Maps become lists, and the order of fields does not matter. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (field instanceof Map) return [...field];
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function shortened(shown = "undefined"): string {
  return shown.length <= LONGEST_SHOWN ? shown : `${shown.slice(0, LONGEST_SHOWN)}…`;
}
