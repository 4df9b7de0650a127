// Leaving a lease to another process: it lives on with that one when its holder ends.

import { type ProcessIdentity, readPort, type SlotChange, writePort } from "../contract/index.ts";
import type { LeaseFacts } from "./lease.ts";
import { slotKeys } from "./names.ts";
import { leaseLost } from "./refusals.ts";
import { lossOf } from "./transfer.ts";
import type { World } from "./world.ts";

/**
 * Writes down the heir of a lease, on all its ports or on none. The grant stays the same, and so does its token.
 *
 * @throws PortError `LEASE_LOST` when the lease does not hold all its ports any more.
 */
export async function leaveTo(
  world: World,
  { id, ...lease }: LeaseFacts,
  heir: ProcessIdentity,
): Promise<void> {
  const keys = slotKeys(lease);
  await world.store.update(world.scope, keys, (slots) =>
    keys.map((key): SlotChange => {
      const slot = slots.get(key);
      const { claims, kept, left } = readPort(slot);
      if (!slot || !claims.some((claim) => claim.lease === id))
        throw leaseLost(lease.ports, lossOf(id, left));
      const changed = claims.map((claim) => (claim.lease === id ? { ...claim, heir } : claim));
      return { key, ifRevision: slot.revision, value: writePort({ claims: changed, kept, left }) };
    }),
  );
}
