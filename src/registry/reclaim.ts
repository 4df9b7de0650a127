// The ports of dead holders: whoever finds one writes down that it was left now, and its quarantine begins.

import { type Departure, hasTimeLimit, type SlotChange, writePort } from "../contract/index.ts";
import { departure } from "./give-back.ts";
import type { PortSlot, Refused } from "./judge.ts";
import { slotId } from "./scattered.ts";
import type { World } from "./world.ts";

/** Who left a port last, when the claims of the dead are gone from its slot. */
export function leftOf(world: World, { record, staying }: PortSlot): Departure | null {
  const dead = record.claims.find((claim) => !staying.includes(claim));
  if (!dead) return record.left;
  const { lease, name } = dead;
  return departure(world, { id: lease, name }, hasTimeLimit(dead) ? "expired" : "reclaimed");
}

/**
 * Removes the claims of dead holders from ports that were refused because of them, which otherwise would be in
 * quarantine for ever. One commit; where something changed meanwhile, the next request does it.
 */
export async function reclaim(world: World, refusals: Iterable<Refused>): Promise<void> {
  const { store, scope } = world;
  const changes = new Map<string, SlotChange>();
  for (const { refusal, slots, endedSessions } of refusals) {
    if (refusal !== "quarantined" && refusal !== "awaited") continue;
    for (const portSlot of slots) {
      const { scope: where, key, slot, record, staying } = portSlot;
      if (!slot || staying.length === record.claims.length) continue;
      const value = writePort({ claims: staying, kept: record.kept, left: leftOf(world, portSlot) });
      changes.set(slotId(where, key), { scope: where, key, ifRevision: slot.revision, value });
    }
    for (const { key, revision } of endedSessions)
      changes.set(key, { key, ifRevision: revision, value: null });
  }
  if (changes.size === 0) return;
  // What is too much for one commit is the next request's.
  await store.commit(scope, [...changes.values()].slice(0, store.limits.changes));
}
