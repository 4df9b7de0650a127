// Releasing by name or port, for people and for programs that have no lease object; and giving up what a name
// keeps.

import {
  type AbortableOptions,
  expectSignal,
  nameKey,
  type NameRecord,
  portKey,
  readName,
  readPort,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { TRANSPORTS } from "../core/index.ts";
import { expectBoolean, expectOptions, expectPort } from "../core/expect.ts";
import { giveBack } from "./give-back.ts";
import { type LeaseInfo, list, type Reservation, toLeases } from "./list.ts";
import { isHolder, Living } from "./living.ts";
import { slotKeys } from "./names.ts";
import { leaseHeld, leaseNotFound, nothingKept, onlyKept } from "./refusals.ts";
import { expectName } from "./request.ts";
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
  const { store, scope } = world;
  const record = typeof target === "number" ? undefined : await findName(world, target, options);
  const slots = await store.read(scope, keysOf(target, record), { signal: options.signal });
  const found = await toLeases(world, slots.values());
  const leases = found.filter(({ name }) => typeof target === "number" || name === target);
  if (leases.length === 0) {
    if (record?.kept) throw onlyKept(String(target), record.ports);
    throw leaseNotFound(target, await isGuarded(world, target));
  }
  for (const lease of leases)
    if (!force && !mayRelease(world, lease)) throw leaseHeld(lease.ports, new Living(world).holderOf(lease));
  for (const lease of leases) {
    const isPart = typeof target === "number" && (await hasOtherPorts(world, lease));
    await giveBack(world, lease, { ending: endingOf(lease), isPart });
  }
  return leases;
}

/** Whether a lease with a time limit, which ends for all its ports at once, has others than these. */
async function hasOtherPorts(world: World, { id, ports, hasTimeLimit }: LeaseInfo): Promise<boolean> {
  if (!hasTimeLimit) return false;
  const whole = (await list(world)).find((lease) => lease.id === id);
  return whole !== undefined && whole.ports.length > ports.length;
}

function endingOf({ state, hasTimeLimit }: LeaseInfo): "released" | "expired" | "reclaimed" {
  if (state === "held") return "released";
  return hasTimeLimit ? "expired" : "reclaimed";
}

/** Whether somebody has the guard of a port: there is more than this registry can give back. */
async function isGuarded({ host: { guards } }: World, target: string | number): Promise<boolean> {
  if (typeof target === "string" || !guards) return false;
  const held = await Promise.all(TRANSPORTS.map((protocol) => guards.isHeld(protocol, target)));
  return held.includes(true);
}

async function findName(
  { store, scope }: World,
  name: string,
  { signal }: ReleaseOptions,
): Promise<NameRecord | undefined> {
  const key = nameKey(expectName("target", name));
  return readName((await store.read(scope, [key], { signal })).get(key));
}

function keysOf(target: string | number, record: NameRecord | undefined): string[] {
  if (typeof target === "string") return record ? slotKeys(record) : [];
  const port = expectPort("target", target);
  return TRANSPORTS.map((protocol) => portKey(protocol, port));
}

function mayRelease({ host }: World, lease: LeaseInfo): boolean {
  if (lease.state === "abandoned") return true;
  return [host.self, ...host.ancestors()].some((process) => isHolder(process, lease));
}

/**
 * Ends what a name keeps; a lease of it lives on. Durable before it returns.
 *
 * @throws PortError `LEASE_NOT_FOUND` when the name keeps nothing.
 */
export async function giveUp(world: World, name: string, options: AbortableOptions): Promise<Reservation> {
  const { store, scope } = world;
  const { signal } = options;
  for (;;) {
    const nameSlot = (await store.read(scope, [nameKey(name)], { signal })).get(nameKey(name));
    const record = readName(nameSlot);
    if (!nameSlot || !record?.kept) throw nothingKept(name);
    const slots = await store.read(scope, slotKeys(record), { signal });
    const changes = [...slots.values()].map((slot): SlotChange => {
      const { claims, kept, left } = readPort(slot);
      const value = writePort({ claims, kept: kept.filter((one) => one.name !== name), left });
      return { key: slot.key, ifRevision: slot.revision, value };
    });
    changes.push({
      key: nameSlot.key,
      ifRevision: nameSlot.revision,
      value: writeRecord({ ...record, kept: false }),
    });
    const { ports, protocols, addresses } = record;
    if ((await store.commit(scope, changes, { signal, durable: true })).committed) {
      return { name, ports, protocols, addresses };
    }
  }
}
