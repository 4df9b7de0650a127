// Releasing by name or port, for people and for programs that have no lease object.

import {
  type AbortableOptions,
  expectSignal,
  nameKey,
  portKey,
  readName,
  type Slot,
} from "../contract/index.ts";
import { PortError, TRANSPORTS } from "../core/index.ts";
import { expectBoolean, expectOptions, expectPort } from "../core/expect.ts";
import { giveBack } from "./give-back.ts";
import { type LeaseInfo, toLeases } from "./list.ts";
import { leaseHeld } from "./refusals.ts";
import { expectName } from "./request.ts";
import { sameProcess } from "./slots.ts";
import type { World } from "./world.ts";

export interface ReleaseOptions extends AbortableOptions {
  /** Also take the lease of another living process away. @default false */
  readonly force?: boolean | undefined;
}

/**
 * Gives back the lease of a name with all its ports, or one port with whatever leases stand on it, and
 * returns what was given back. Free to this process, to those that descend from the holder, and to everybody
 * once the holder is dead.
 *
 * @throws PortError `LEASE_NOT_FOUND`, `LEASE_HELD`.
 */
export async function release(
  world: World,
  target: string | number,
  options: ReleaseOptions = {},
): Promise<LeaseInfo[]> {
  expectOptions("release", options, ["force", "signal"]);
  expectSignal(options.signal);
  const force = expectBoolean("force", options.force ?? false);
  const slots = await findSlots(world, target, options);
  const leases = toLeases(world, slots).filter(({ name }) => typeof target === "number" || name === target);
  if (leases.length === 0) {
    const what = typeof target === "number" ? `port ${target}` : `the name ${JSON.stringify(target)}`;
    throw new PortError("LEASE_NOT_FOUND", `no lease has ${what}`, { input: String(target) });
  }
  for (const lease of leases)
    if (!force && !mayRelease(world, lease)) throw leaseHeld(lease.ports, lease.holder);
  for (const lease of leases) await giveBack(world, lease);
  return leases;
}

async function findSlots(world: World, target: string | number, { signal }: ReleaseOptions): Promise<Slot[]> {
  const { store, host } = world;
  let keys: string[];
  if (typeof target === "number") {
    const port = expectPort("target", target);
    keys = TRANSPORTS.map((protocol) => portKey(protocol, port));
  } else {
    const key = nameKey(expectName("target", target));
    const record = readName((await store.read(host.scope, [key], { signal })).get(key));
    keys = record?.ports.map((port) => portKey(record.protocol, port)) ?? [];
  }
  return [...(await store.read(host.scope, keys, { signal })).values()];
}

function mayRelease({ host }: World, { holder, state }: LeaseInfo): boolean {
  return (
    state === "abandoned" || [host.self, ...host.ancestors()].some((process) => sameProcess(process, holder))
  );
}
