// Which commits can be in one transaction. Etcd compares all before it writes any, and writes a key once: so none of them
// may mention what another one writes. Then any order of them comes to the same.

import { MOST_OPERATIONS } from "./ranges.ts";
import type { Transaction } from "./transaction.ts";

/** Beyond this many characters a transaction takes no other commit: etcd takes 1.5 MB at once. */
const ENOUGH_TEXT = 100_000;

/**
 * Those of `calls` that go together now, the first one among them. Who comes later does not overtake one that waits for the
 * same key.
 */
export function together<Call extends { readonly transaction: Transaction }>(calls: Iterable<Call>): Call[] {
  const chosen: Call[] = [];
  const [used, written] = [new Set<string>(), new Set<string>()];
  let [most, length] = [0, 0];
  for (const call of calls) {
    const { compare, writes } = call.transaction;
    const meets = compare.some(({ key }) => written.has(key)) || writes.some(({ key }) => used.has(key));
    for (const { key } of compare) used.add(key);
    for (const { key } of writes) {
      used.add(key);
      written.add(key);
    }
    const operations = Math.max(most, compare.length);
    const text = length + writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    // Etcd counts the commits, and what is in the greatest of them.
    const isTooMuch = chosen.length + 1 + operations > MOST_OPERATIONS || text > ENOUGH_TEXT;
    if (meets || (chosen.length > 0 && isTooMuch)) continue;
    [most, length] = [operations, text];
    chosen.push(call);
  }
  return chosen;
}
