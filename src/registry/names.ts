// What a name stands for when a request asks for it: a lease to hand out again, a lease in the way, or ports
// to be tried first.

import {
  type GrantedClaim,
  hasTimeLimit,
  nameKey,
  type NameRecord,
  portKey,
  QUEUE_KEY,
  readName,
  readPort,
  readQueue,
  type Slot,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { differencesFrom, portDifferences } from "./differences.ts";
import { awakeTime, giveBack } from "./give-back.ts";
import { aheadOf } from "./judge.ts";
import type { Term } from "./holders.ts";
import type { LeaseFacts } from "./lease.ts";
import type { AcquireRefusal } from "./options.ts";
import { Living, sameProcess } from "./living.ts";
import { type Blocker, nameHeld, nameKept, type Refusal } from "./refusals.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

export interface NameState {
  /** The revision of the name's slot; 0: there is none. */
  readonly revision: number;
  /** The ports that the name had, or keeps. */
  readonly formerPorts: readonly number[];
  /** Whether the name keeps its ports. */
  readonly isKept: boolean;
  /** This very holder's living lease of that name, to be handed out again, and until when it may be used. */
  readonly lease?: { readonly facts: LeaseFacts; readonly term: Term };
  /** Somebody else's, or what the request asks for does not fit it. */
  readonly refusal?: Refusal;
  /** Another process or registry is at work for the same holder: what to say when that does not end. */
  readonly busy?: AcquireRefusal;
}

/** Of a name that was never used, and of a request without one. */
export const NO_NAME: NameState = { revision: 0, formerPorts: [], isKept: false };

export async function lookUpName(
  world: World,
  request: Request,
  waiter: string | undefined,
): Promise<NameState> {
  const { store, scope } = world;
  const { name, signal } = request;
  if (name === null) return NO_NAME;
  const nameSlot = (await store.read(scope, [nameKey(name)], { signal })).get(nameKey(name));
  const record = readName(nameSlot);
  if (!nameSlot || !record) return NO_NAME;
  const slots = await store.read(scope, [...slotKeys(record), QUEUE_KEY], { signal });
  const living = new Living(world);
  const records = [...slots.values()]
    .filter(({ key }) => key !== QUEUE_KEY)
    .map((slot) => [slot.key, readPort(slot)] as const);
  await living.learn(records);
  const claims = records.flatMap(([, port]) => port.claims).filter(({ lease }) => lease === record.lease);
  const [claim] = claims;
  const state: NameState = { revision: nameSlot.revision, formerPorts: record.ports, isKept: record.kept };
  if (claim && living.has(claim))
    return await heldState(world, request, { waiter, record, claims, claim, state, living });

  const differences = record.kept ? portDifferences(request, record) : [];
  if (differences.length > 0) {
    return { ...state, refusal: refuse(nameKept(name, record.ports, differences), []) };
  }
  // Of those who wait for a name that was just given back, the one who came first gets it.
  const queue = readQueue(slots.get(QUEUE_KEY));
  await living.learnWaiters(queue);
  const ahead = aheadOf(queue, waiter, living).filter((other) => other.name === name);
  if (claim && ahead.length > 0) {
    // From now on the port counts as left, and for as long as its quarantine they come first.
    const ending = hasTimeLimit(claim) ? "expired" : "reclaimed";
    await giveBack(
      world,
      { id: claim.lease, name, protocols: record.protocols, ports: record.ports },
      { ending },
    );
    return await lookUpName(world, request, waiter);
  }
  const leftMs = Math.max(
    0,
    ...records.map(([key, { left }]) =>
      left ? world.holders.remainingMs(key, left, () => awakeTime(world)) : 0,
    ),
  );
  const [first] = ahead;
  if (first && leftMs > 0) {
    const error = nameHeld(name, record.ports, first.holder, "for-waiter");
    return { ...state, refusal: { ...refuse(error, []), hasSilent: true, quarantinedMs: leftMs } };
  }
  return state;
}

interface Held {
  readonly waiter: string | undefined;
  readonly record: NameRecord;
  readonly claims: readonly GrantedClaim[];
  readonly claim: GrantedClaim;
  readonly state: NameState;
  readonly living: Living;
}

async function heldState(
  world: World,
  request: Request,
  { waiter, record, claims, claim, state, living }: Held,
): Promise<NameState> {
  const name = claim.name ?? "";
  const { protocols, addresses, ports } = record;
  const mine = sameProcess(claim.holder, request.holder);
  if (mine && record.granting) {
    if (world.host.liveness(record.granting) !== "dead") {
      return { ...state, busy: nameHeld(name, ports, claim.holder, "by-other") };
    }
    // It died between the claim and the look at the kernel: nobody was told of the lease.
    await giveBack(world, { id: claim.lease, name, protocols, ports }, { ending: null });
    return await lookUpName(world, request, waiter);
  }
  const differences = mine ? differencesFrom(request, record, claim) : [];
  if (!mine || differences.length > 0) {
    const holder = living.holderOf(claim);
    // An heir has no guard.
    const guarded = claim.guarded && !hasTimeLimit(claim) && holder === claim.holder;
    // To wait for oneself is to wait for ever.
    const isOwn = mine || sameProcess(holder, request.holder);
    const blockers = (isOwn ? [] : ports).flatMap((port) =>
      protocols.map((protocol): Blocker => ({ protocol, port, guarded })),
    );
    const error = nameHeld(name, ports, holder, mine ? differences : "by-other");
    return { ...state, refusal: refuse(error, blockers) };
  }
  const term = await world.holders.join(claim.session);
  // Its session ended meanwhile.
  if (!term) return await lookUpName(world, request, waiter);
  const revision = Math.max(...claims.map((one) => one.revision));
  const facts: LeaseFacts = {
    id: claim.lease,
    name,
    ports,
    hosts: [],
    protocols,
    addresses,
    holder: claim.holder,
    grantedAt: claim.grantedAt,
    token: { epoch: world.store.epoch, revision },
    ttlMs: request.ttlMs,
    isHeldInKernel: claim.held,
  };
  return { ...state, lease: { facts, term } };
}

/** Makes the ports of a name's lease the name's to keep; false when the lease is over. Durable before it returns. */
export async function keepPorts(
  world: World,
  lease: Pick<LeaseFacts, "id" | "name" | "protocols" | "addresses" | "ports">,
): Promise<boolean> {
  const { store, scope } = world;
  const { name, addresses } = lease;
  if (name === null) return false;
  for (;;) {
    const slots = await store.read(scope, [nameKey(name), ...slotKeys(lease)]);
    const nameSlot = slots.get(nameKey(name));
    const record = readName(nameSlot);
    if (!nameSlot || record?.lease !== lease.id) return false;
    if (record.kept) return true;
    const changes = [...slots.values()].map((slot): SlotChange => {
      const value =
        slot === nameSlot ? writeRecord({ ...record, kept: true }) : keptIn(slot, name, addresses);
      return { key: slot.key, ifRevision: slot.revision, value };
    });
    if ((await store.commit(scope, changes, { durable: true })).committed) return true;
  }
}

function keptIn(slot: Slot, name: string, addresses: readonly string[]): string | null {
  const { claims, kept, left } = readPort(slot);
  return writePort({ claims, kept: [...kept, { name, addresses }], left });
}

export function slotKeys({ protocols, ports }: Pick<NameRecord, "protocols" | "ports">): string[] {
  return ports.flatMap((port) => protocols.map((protocol) => portKey(protocol, port)));
}

function refuse(error: Refusal["error"], blockers: readonly Blocker[]): Refusal {
  return { error, blockers, hasSilent: false, quarantinedMs: undefined };
}
