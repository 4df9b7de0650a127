// Giving back: a lease's claims leave their slots, which say who left them. Its name remembers the ports.

import {
  type BootTime,
  type Departure,
  type Ending,
  type GrantedClaim,
  type Kept,
  nameKey,
  type NameRecord,
  portKey,
  readName,
  readPort,
  sessionKey,
  type Slot,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import type { Elsewhere } from "./scattered.ts";
import { hostScope } from "./scope.ts";
import type { World } from "./world.ts";

/** A lease, or the ports of it that are to be given back. */
export interface Returned {
  readonly id: string;
  readonly name: string | null;
  readonly protocols: readonly Transport[];
  readonly ports: readonly number[];
  /** The names of the hosts that it is over. @default none: it is the registry's own scope's */
  readonly hosts?: readonly string[] | undefined;
}

/** A slot of a lease as the commit that granted it left it. */
export interface GrantedSlot {
  readonly scope: Elsewhere;
  readonly key: string;
  readonly revision: number;
  /** What stands in it beside the lease. */
  readonly beside: readonly GrantedClaim[];
  readonly kept: readonly Kept[];
}

export interface Return {
  /** How the lease ended; `null`: nobody was told that it began, so the ports are as they were. */
  readonly ending: Ending | null;
  /** The slots as they were when it was granted: nobody reads what is known. Only for leases without a name. */
  readonly granted?: readonly GrantedSlot[] | undefined;
  /** Whether the name keeps no ports any more. @default false */
  readonly givesUp?: boolean;
  /** Whether the lease has other ports, where it has no name that says so. @default false */
  readonly isPart?: boolean;
  /** What the name remembers when a lease ends that nobody was told of. @default the ports of the lease */
  readonly formerPorts?: readonly number[];
}

/**
 * Removes the claims of a lease from its ports, in one commit, tried again while others change the same slots.
 * What the lease no longer holds is left alone: an old lease never takes its successor's port away. Returns
 * whether it held anything.
 */
export async function giveBack(world: World, returned: Returned, how: Return): Promise<boolean> {
  const { store, scope } = world;
  if (how.granted && how.ending !== null) {
    const changes = leaveGranted(how.granted, departure(world, returned, how.ending));
    if ((await store.commit(scope, changes)).committed) return true;
  }
  return await giveBackAsRead(world, returned, how);
}

function leaveGranted(granted: readonly GrantedSlot[], left: Departure): SlotChange[] {
  return granted.map(({ scope, key, revision, beside, kept }) => ({
    ...(scope !== undefined && { scope }),
    key,
    ifRevision: revision,
    value: writePort({ claims: beside, kept, left }),
  }));
}

async function giveBackAsRead(world: World, returned: Returned, how: Return): Promise<boolean> {
  const { store, scope } = world;
  for (;;) {
    const { changes, unmarks } = await plan(world, returned, how);
    if (changes.length === 0) return false;
    // That a name keeps a port no more must outlive the power.
    const durable = unmarks;
    if ((await store.commit(scope, changes, { durable })).committed) return true;
  }
}

interface Plan {
  readonly changes: SlotChange[];
  /** Whether ports are not kept for the name any more. */
  readonly unmarks: boolean;
}

async function plan(world: World, returned: Returned, how: Return): Promise<Plan> {
  const { id, name, protocols, ports } = returned;
  const keys = ports.flatMap((port) => protocols.map((protocol) => portKey(protocol, port)));
  keys.push(sessionKey(id));
  if (name !== null) keys.push(nameKey(name));
  const slots = await world.store.read(world.scope, keys);
  const session = slots.get(sessionKey(id));
  const nameSlot = name === null ? undefined : slots.get(nameKey(name));
  const record = readName(nameSlot);
  const isNamed = record?.lease === id;
  const rest = isNamed ? record.ports.filter((port) => !ports.includes(port)) : [];
  // What is kept for a name are the ports that its record says.
  const unmarks = how.givesUp === true || (rest.length > 0 && how.ending !== null);
  const changes: SlotChange[] = await planElsewhere(world, returned, how);
  for (const slot of slots.values()) {
    if (slot === session || slot === nameSlot) continue;
    const change = leaveSlot(world, slot, returned, { ending: how.ending, unmarks });
    if (change) changes.push(change);
  }
  const ends = isNamed ? rest.length === 0 : changes.length > 0 && !how.isPart;
  if (nameSlot && isNamed) {
    const value = ends ? freedName(record, how) : writeRecord({ ...record, ports: rest });
    changes.push({ key: nameSlot.key, ifRevision: nameSlot.revision, value });
  }
  if (session && ends) changes.push({ key: session.key, ifRevision: session.revision, value: null });
  return { changes, unmarks: unmarks && (record?.kept ?? false) };
}

/** What changes on the other hosts of a lease. */
async function planElsewhere(world: World, returned: Returned, how: Return): Promise<SlotChange[]> {
  const { hosts = [], protocols, ports } = returned;
  const changes: SlotChange[] = [];
  for (const scope of hosts.map(hostScope)) {
    if (scope === world.scope) continue;
    const keys = ports.flatMap((port) => protocols.map((protocol) => portKey(protocol, port)));
    for (const slot of (await world.store.read(scope, keys)).values()) {
      const change = leaveSlot(world, slot, returned, { ending: how.ending, unmarks: false });
      if (change) changes.push({ ...change, scope });
    }
  }
  return changes;
}

/** The record of a name whose lease is over; `null`: it was never granted one. */
function freedName(record: NameRecord, { givesUp, formerPorts = record.ports }: Return): string | null {
  const kept = record.kept && !givesUp;
  if (!kept && formerPorts.length === 0) return null;
  return writeRecord({ ...record, lease: null, granting: null, kept, ports: formerPorts });
}

function leaveSlot(
  world: World,
  slot: Slot,
  returned: Returned,
  { ending, unmarks }: Pick<Return, "ending"> & { readonly unmarks: boolean },
): SlotChange | undefined {
  const { claims, kept, left } = readPort(slot);
  if (!claims.some(({ lease }) => lease === returned.id)) return undefined;
  const value = writePort({
    claims: claims.filter(({ lease }) => lease !== returned.id),
    kept: unmarks ? kept.filter(({ name }) => name !== returned.name) : kept,
    left: ending === null ? left : departure(world, returned, ending),
  });
  return { key: slot.key, ifRevision: slot.revision, value };
}

export function departure(
  world: World,
  { id, name }: Pick<Returned, "id" | "name">,
  ending: Ending,
): Departure {
  return { lease: id, name, ending, ...awakeTime(world), quarantineMs: world.quarantineMs };
}

/** Now, for time limits. */
export function bootTime({ host, clock }: Pick<World, "host" | "clock">): BootTime {
  return { boot: host.boot, at: clock.sinceBoot() };
}

/** Now, for quarantines. Cheaper to ask for than the other: each release does. */
export function awakeTime({ host, clock }: Pick<World, "host" | "clock">): BootTime {
  return { boot: host.boot, at: Math.round(clock.elapsed()) };
}
