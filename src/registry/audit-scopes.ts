// Whether the store says which scope is whose. A record that is missing or cannot be read is made anew as one
// from before a boot of a machine that nobody knows: whoever comes and has no scope takes it up, if it is the
// only one, and finds its leases and names again.

import type { Slot, Store } from "../contract/index.ts";
import type { RecordIssue } from "./audit-records.ts";
import type { Keeper } from "./mend.ts";
import { SCOPE_PREFIX, SCOPES } from "./scope.ts";
import { scopeFlaw } from "./shapes.ts";

const FROM_BEFORE = JSON.stringify({ fingerprint: "?", boot: "?" });

/** @param used the scopes that have slots */
export async function auditScopes(store: Store, used: readonly string[]): Promise<RecordIssue[]> {
  const slots = await store.list(SCOPES, SCOPE_PREFIX);
  const known = new Set(slots.map(({ key }) => key));
  const unreadable = slots.flatMap((slot): RecordIssue[] => {
    const flaw = scopeFlaw(slot);
    return flaw === undefined ? [] : [issueOf(slot.key, `${slot.key} cannot be read: ${flaw}`, slot)];
  });
  const missing = used
    .filter((scope) => scope !== SCOPES && !known.has(SCOPE_PREFIX + scope))
    .map((scope) => issueOf(SCOPE_PREFIX + scope, `nothing says whose ports those of scope ${scope} are`));
  return [...unreadable, ...missing];
}

/** @returns what was done, in words */
export async function mendScopes(store: Store, used: readonly string[], keep: Keeper): Promise<string[]> {
  const done: string[] = [];
  for (const { mend } of await auditScopes(store, used)) {
    if (!mend) continue;
    if (mend.removes.length > 0) keep(SCOPES, mend.removes);
    const { committed } = await store.commit(SCOPES, mend.changes, { durable: true });
    if (committed) done.push(mend.done);
  }
  return done;
}

function issueOf(key: string, message: string, slot?: Slot): RecordIssue {
  const changes = [{ key, ifRevision: slot?.revision ?? 0, value: FROM_BEFORE }];
  return {
    severity: "problem",
    key,
    message,
    mend: { changes, done: `made ${key} anew`, removes: slot ? [slot] : [] },
  };
}
