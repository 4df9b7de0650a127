// Giving back: a lease's claims leave their slots. Its name remembers the ports, for the next lease.

import { nameKey, portKey, readClaims, readName, type SlotChange, writeName } from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import { dropClaims } from "./slots.ts";
import type { World } from "./world.ts";

/** A lease, or the part of it that is to be given back. */
export interface Returned {
  readonly id: string;
  readonly name: string | null;
  readonly protocol: Transport;
  readonly ports: readonly number[];
}

/**
 * Removes the claims of a lease from its ports, in one commit, tried again while others change the same
 * slots. What the lease no longer holds is left alone: an old lease never takes its successor's port away.
 */
export async function giveBack(world: World, { id, name, protocol, ports }: Returned): Promise<void> {
  const { store, host } = world;
  const keys = ports.map((port) => portKey(protocol, port));
  if (name !== null) keys.push(nameKey(name));
  for (;;) {
    const slots = await store.read(host.scope, keys);
    const changes: SlotChange[] = [];
    for (const slot of slots.values()) {
      if (name !== null && slot.key === nameKey(name)) {
        const record = readName(slot);
        if (record?.lease !== id) continue;
        const left = record.ports.filter((port) => !ports.includes(port));
        const value = left.length === 0 ? { ...record, lease: null } : { ...record, ports: left };
        changes.push({ key: slot.key, ifRevision: slot.revision, value: writeName(value) });
      } else if (readClaims(slot).some((claim) => claim.lease === id)) {
        changes.push(dropClaims(slot, id));
      }
    }
    if (changes.length === 0) return;
    const commit = await store.commit(host.scope, changes);
    if (commit.committed) return;
  }
}
