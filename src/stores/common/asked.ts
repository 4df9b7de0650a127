// What a store is asked, checked before anything is done: a mistake is an error, never half a commit.

import type { SlotChange, StoreLimits } from "../../contract/index.ts";
import { describe } from "../../core/expect.ts";
import { PortError } from "../../core/index.ts";

/**
 * @param scope of the call, where changes are that name none
 * @throws RangeError for more changes than the store can commit at once, and for text with a NUL, which engines
 * cut off or refuse; TypeError for two changes of one slot, of which no order is the right one.
 */
export function expectChanges(
  scope: string,
  changes: readonly SlotChange[],
  { changes: most }: StoreLimits,
): void {
  for (const { scope: where, key, value } of changes) {
    if (key.includes("\0") || value?.includes("\0") || where?.includes("\0")) {
      throw new RangeError(
        `\`changes\`: expected text without NUL, received one in the slot ${describe(key)}`,
      );
    }
  }
  if (changes.length <= 1) return;
  if (changes.length > most) {
    throw new RangeError(`\`changes\`: expected at most ${most}, received ${changes.length}`);
  }
  const slots = new Set<string>();
  for (const { scope: where = scope, key } of changes) {
    // Most commits stay in their scope: only the others are told apart by both.
    const slot = where === scope ? key : `${where}\0${key}`;
    if (slots.has(slot)) {
      throw new TypeError(`\`changes\`: expected one change of a slot, received two of ${describe(key)}`);
    }
    slots.add(slot);
  }
}

/** @throws RangeError for a prefix that is empty or not ASCII: where those end differs between engines. */
export function expectPrefix(prefix: string): void {
  for (let index = 0; index < prefix.length; index++) {
    if (prefix.charCodeAt(index) > 0x7e) break;
    if (index === prefix.length - 1) return;
  }
  throw new RangeError(
    `\`prefix\`: expected at least one ASCII character and no other, received ${describe(prefix)}`,
  );
}

export function storeClosed(): PortError<"REGISTRY_CLOSED"> {
  return new PortError("REGISTRY_CLOSED", "the store was closed before the call", {});
}
