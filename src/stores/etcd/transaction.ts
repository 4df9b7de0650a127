// What a commit is to etcd: a transaction, by itself or as one of several that are nested in one.

import type { AbortableOptions, SlotChange } from "../../contract/index.ts";
import type { Condition } from "../common/index.ts";
import { type Compare, encode, type RequestOp } from "./messages.ts";
import { etcdRevisionOf, placed } from "./revisions.ts";
import type { Keys } from "./schema.ts";

export interface CommitRequest extends AbortableOptions {
  readonly scope: string;
  readonly changes: readonly SlotChange[];
  /** Slots of the scope that are to be as they were, and do not change. */
  readonly conditions: readonly Condition[];
}

/** A key, and what it is to have; `null`: it is to be gone. */
interface Write {
  readonly key: string;
  readonly value: string | null;
}

export interface Transaction {
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
  /** The slots of the changes, then those of the conditions. */
  readonly reads: readonly RequestOp[];
}

export function transactionOf(keys: Keys, { scope, changes, conditions }: CommitRequest): Transaction {
  const compare: Compare[] = [];
  const writes: Write[] = [];
  const reads: RequestOp[] = [];
  const expect = (key: string, revision: number): void => {
    compare.push({ target: "MOD", key, mod_revision: `${etcdRevisionOf(revision)}` });
    reads.push({ request_range: { key } });
  };
  for (const { scope: place = scope, key: name, ifRevision, value } of changes) {
    const key = encode(keys.slot(place, name));
    expect(key, ifRevision);
    if (value !== null || ifRevision !== 0) writes.push({ key, value });
  }
  for (const { key, revision } of conditions) expect(encode(keys.slot(scope, key)), revision);
  if (writes.length === 0) writes.push({ key: encode(keys.tick), value: "" });
  return { compare, writes, reads };
}

/** What is done when all is as expected, by the commit at a place of a transaction. */
export function operationsOf({ writes }: Transaction, place: number): RequestOp[] {
  return writes.map(({ key, value }) =>
    value === null
      ? { request_delete_range: { key } }
      : { request_put: { key, value: encode(placed(value, place)) } },
  );
}
