// Leases that change hands, as lease objects: what this registry hands to another process, and what it takes up by its name.

import { type AbortSignalLike, throwIfAborted } from "../contract/index.ts";
import { describe } from "../core/expect.ts";
import { PortError } from "../core/index.ts";
import type { Lease, LeaseFacts } from "./lease.ts";
import { sameProcess } from "./living.ts";
import type { OwnLeases } from "./own-leases.ts";
import { formatPorts } from "./refusals.ts";
import { expectProcess } from "./request.ts";
import { findAdoptable, transfer } from "./transfer.ts";
import type { Turns } from "./turns.ts";
import type { World } from "./world.ts";

/** As `Lease.transfer`. */
export async function handTo(
  world: World,
  { own, turns }: { readonly own: OwnLeases; readonly turns: Turns },
  facts: LeaseFacts,
  pid: number,
): Promise<Lease> {
  const holder = expectProcess("pid", pid, world);
  const names = facts.name === null ? [] : [facts.name];
  const granted = await turns.takeAll(names, () => transfer(world, facts, { holder, held: false }));
  own.end(facts.id, "transferred");
  const lease = own.add(granted);
  if (sameProcess(holder, world.host.self)) await takeOverGuards(own, lease, undefined);
  return lease;
}

/** As `Registry.adopt`, when it is the call's turn. */
export async function adopt(
  world: World,
  own: OwnLeases,
  name: string,
  signal: AbortSignalLike | undefined,
): Promise<Lease> {
  const known = own.byName(name);
  if (known) return known;
  const { facts: former, isGuarded, shares } = await findAdoptable(world, name);
  throwIfAborted(signal);
  // Whoever has a guard that its holder has not is a registry that this one knows nothing of.
  if (!isGuarded && !own.guarding.takeAll(former.id, former, shares)) {
    throw elsewhere(name, former.ports);
  }
  try {
    const held = own.holdAll(former);
    const granted = await transfer(world, former, { holder: world.host.self, held });
    own.guarding.handHolds(former.id, granted.facts.id, former.ports);
    const lease = own.add(granted);
    if (!isGuarded) own.guarding.takeAll(lease.id, former, true);
    else await takeOverGuards(own, lease, signal);
    return lease;
  } finally {
    own.guarding.release(former.id, former.protocols, former.ports);
  }
}

/** Takes the guards of a lease that was another one's. The lease is granted: an abort only ends the wait. */
async function takeOverGuards(
  { guarding }: OwnLeases,
  lease: Lease,
  signal: AbortSignalLike | undefined,
): Promise<void> {
  const { id, protocols, ports } = lease;
  try {
    await guarding.handOver(lease, signal).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
    for (const protocol of protocols) {
      for (const port of ports) guarding.take(id, protocol, port, true);
    }
  } catch (error) {
    // Without its guards it is no lease to tell anybody of.
    await lease.release().catch(() => undefined);
    throw error;
  }
}

/** The lease that a dead process left has ports that were granted to others since. */
function elsewhere(name: string, ports: readonly number[]): PortError<"LEASE_NOT_FOUND"> {
  const message = `the lease of ${describe(name)} is over: ${formatPorts(ports)} went to another state folder or user, or its process has not let go yet`;
  return new PortError("LEASE_NOT_FOUND", message, { input: name });
}
