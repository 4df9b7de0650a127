// Ports for a name that keeps them without a lease: from now on it gets those, and nobody else does.
//
// Nothing is claimed on the way, so that who leases the name at the same time meets nobody. The kernel is looked at
// before the commit: a reservation promises nothing of programs that ask nobody, only a lease does.

import {
  nameKey,
  type NameRecord,
  readName,
  readPort,
  type Slot,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { Candidates } from "./candidates.ts";
import { giveBack } from "./give-back.ts";
import { Hints } from "./hints.ts";
import type { Candidate } from "./judge.ts";
import { Living } from "./living.ts";
import { keepPorts, slotKeys } from "./names.ts";
import type { AcquireOptions } from "./options.ts";
import { leftOf } from "./reclaim.ts";
import { nameHeld } from "./refusals.ts";
import { refusalOf } from "./refused-ports.ts";
import { checkRequest, type Request } from "./request.ts";
import type { World } from "./world.ts";

/** How long to wait before another look at a name that somebody is at work on. */
const POLL_MS = 5;
/** When to give up: a grant takes milliseconds. */
const PATIENCE_MS = 10_000;

/** What a name asks for that is to keep ports. */
export type ReserveOptions = Pick<AcquireOptions, "ports" | "exclude" | "prefer" | "protocol"> & {
  readonly name: string;
};

/** The ports that a name has leased or keeps; `undefined`: none, or it is not decided yet. */
export async function portsOfName(
  { store, scope }: World,
  name: string,
): Promise<readonly number[] | undefined> {
  const key = nameKey(name);
  const record = readName((await store.read(scope, [key])).get(key));
  const isSettled = record?.granting === null && (record.kept || record.lease !== null);
  return isSettled ? record.ports : undefined;
}

/**
 * The ports that a name keeps. One that keeps none keeps those of its lease from now on, or is given one. Durable
 * before it returns.
 *
 * @throws PortError `NO_PORT_AVAILABLE`; `NAME_HELD` when somebody is at work on the name for longer than a grant takes.
 */
export async function reserve(world: World, options: ReserveOptions): Promise<readonly number[]> {
  const request = checkRequest("reserve", { ...options, kept: true }, world);
  const { name } = options;
  const began = world.clock.elapsed();
  for (;;) {
    const slot = (await world.store.read(world.scope, [nameKey(name)])).get(nameKey(name));
    const record = readName(slot);
    if (record?.granting) {
      if (await endGrant(world, name, record)) continue;
      if (world.clock.elapsed() - began > PATIENCE_MS) {
        throw nameHeld(name, record.ports, record.granting, "by-other");
      }
      await world.clock.sleep(POLL_MS);
      continue;
    }
    if (record?.kept || (record && (await keepLeased(world, name, record)))) return record.ports;
    const ports = await take(world, request, slot);
    if (ports) return ports;
    // The name or the port changed meanwhile.
  }
}

/** Ends the grant of a process that died at work; false: it lives. */
async function endGrant(world: World, name: string, record: NameRecord): Promise<boolean> {
  const { lease, granting, protocols, ports } = record;
  if (lease === null || !granting) return false;
  // Where the process cannot be judged, its claim can: it lives with the session of who is at work.
  const isOver = world.host.liveness(granting) === "dead" || !(await hasLivingClaim(world, lease, record));
  if (!isOver) return false;
  return await giveBack(world, { id: lease, name, protocols, ports }, { ending: null });
}

/** Has the name keep the ports of its lease; false when that is over. */
async function keepLeased(world: World, name: string, record: NameRecord): Promise<boolean> {
  const { lease, protocols, ports, addresses } = record;
  if (lease === null) return false;
  if (!(await hasLivingClaim(world, lease, record))) return false;
  return await keepPorts(world, { id: lease, name, protocols, ports, addresses });
}

/** Whether a lease has a living claim on the ports of its name. */
async function hasLivingClaim(world: World, lease: string, record: NameRecord): Promise<boolean> {
  const slots = await world.store.read(world.scope, slotKeys(record));
  const living = new Living(world);
  const records = [...slots.values()].map((slot) => [slot.key, readPort(slot)] as const);
  await living.learn(records);
  const claim = records.flatMap(([, port]) => port.claims).find((one) => one.lease === lease);
  return claim !== undefined && living.has(claim);
}

async function take(
  world: World,
  request: Request,
  nameSlot: Slot | undefined,
): Promise<readonly number[] | undefined> {
  const formerPorts = readName(nameSlot)?.ports ?? [];
  const hints = new Hints(world);
  const candidates = new Candidates(world, request, {
    formerPorts,
    lastPort: 0,
    hints,
    seeking: hints.seek(),
    waiter: undefined,
  });
  const examined = { guarded: 0, stranger: 0, forbidden: 0 };
  for (;;) {
    const place = await candidates.next();
    if (!place) throw refusalOf(request, candidates.refused(), examined).error;
    const verdict = await examine(world, request, place);
    if (verdict === "free") return await commit(world, request, place, nameSlot);
    examined[verdict]++;
    candidates.reject(place, place[0]!.port);
  }
}

/** What stands in the way of a port beside the leases that the store knows of. */
async function examine(
  { host }: World,
  request: Request,
  place: readonly Candidate[],
): Promise<"free" | "guarded" | "stranger" | "forbidden"> {
  for (const { port, slots } of place) {
    for (const { protocol, isGuarded } of slots) {
      if (!isGuarded && (await host.guards?.isHeld(protocol, port))) return "guarded";
      const verdict = await host.look(request.bindingsAt(protocol, port));
      if (verdict === "free") continue;
      // Of the whole port there is no address that could be missing.
      return verdict === "no-address" ? "forbidden" : verdict;
    }
  }
  return "free";
}

async function commit(
  world: World,
  { name, protocols, addresses }: Request,
  place: readonly Candidate[],
  nameSlot: Slot | undefined,
): Promise<readonly number[] | undefined> {
  const ports = place.map(({ port }) => port);
  const changes = place.flatMap(({ slots, endedSessions }): SlotChange[] => [
    ...slots.map((portSlot): SlotChange => {
      const { key, slot, staying, record } = portSlot;
      const kept = [...record.kept, { name: name!, addresses }];
      const value = writePort({ claims: staying, kept, left: leftOf(world, portSlot) });
      return { key, ifRevision: slot?.revision ?? 0, value };
    }),
    ...endedSessions.map(({ key, revision }): SlotChange => ({ key, ifRevision: revision, value: null })),
  ]);
  const record: NameRecord = { lease: null, protocols, addresses, ports, kept: true, granting: null };
  const value = writeRecord(record);
  changes.push({ key: nameKey(name!), ifRevision: nameSlot?.revision ?? 0, value });
  return (await world.store.commit(world.scope, changes, { durable: true })).committed ? ports : undefined;
}
