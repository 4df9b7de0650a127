// Handing a lease over: one commit ends it and grants the same ports to another process, with a new token.

import {
  type Claim,
  type Departure,
  nameKey,
  readName,
  readPort,
  sessionKey,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import type { Granted } from "./part.ts";
import { departure, type GrantedSlot } from "./give-back.ts";
import type { LeaseFacts } from "./lease.ts";
import { isHolder, Living, sameProcess } from "./living.ts";
import { slotKeys } from "./names.ts";
import { leaseLost, leaseNotFound, type LossReason, nameHeld } from "./refusals.ts";
import type { World } from "./world.ts";

/**
 * Grants the ports of a lease to `holder`, who has them `held` in the kernel or not; the lease is over with that.
 *
 * @throws PortError `LEASE_LOST` when the lease does not hold all its ports any more.
 */
export async function transfer(
  world: World,
  from: LeaseFacts,
  { holder, held }: Pick<Claim, "holder" | "held">,
): Promise<Granted> {
  const { store, scope, host, clock, chance } = world;
  const tenure = await world.holders.tenureOf(chance.uniqueId(), null);
  const claim: Claim = {
    lease: tenure.lease,
    name: from.name,
    addresses: from.addresses,
    holder,
    grantedAt: clock.now(),
    session: tenure.session,
    guarded: host.guards !== undefined && sameProcess(holder, host.self),
    held,
    heir: null,
  };
  const portKeys = slotKeys(from);
  for (;;) {
    const keys = [...portKeys, sessionKey(from.id), ...(from.name === null ? [] : [nameKey(from.name)])];
    const slots = await store.read(scope, keys);
    const changes: SlotChange[] = [];
    const beside: Omit<GrantedSlot, "revision">[] = [];
    for (const key of portKeys) {
      const slot = slots.get(key);
      const { claims, kept, left: before } = readPort(slot);
      if (!slot || !claims.some(({ lease }) => lease === from.id)) {
        throw leaseLost(from.ports, lossOf(from.id, before));
      }
      const staying = claims.filter(({ lease }) => lease !== from.id);
      const left = departure(world, from, "transferred");
      changes.push({
        key,
        ifRevision: slot.revision,
        value: writePort({ claims: [...staying, claim], kept, left }),
      });
      beside.push({ scope: undefined, key, beside: staying, kept });
    }
    const session = slots.get(sessionKey(from.id));
    if (session) changes.push({ key: session.key, ifRevision: session.revision, value: null });
    const nameSlot = from.name === null ? undefined : slots.get(nameKey(from.name));
    const record = readName(nameSlot);
    if (nameSlot && record?.lease === from.id) {
      const value = writeRecord({ ...record, lease: claim.lease });
      changes.push({ key: nameSlot.key, ifRevision: nameSlot.revision, value });
    }
    const commit = await store.commit(scope, changes);
    if (!commit.committed) continue;
    const { token } = commit;
    const { lease: id, grantedAt } = claim;
    return {
      facts: { ...from, id, holder, grantedAt, token, ttlMs: null, isHeldInKernel: held },
      slots: beside.map((slot) => ({ ...slot, revision: token.revision })),
      tenure,
      sessionRevision: 0,
    };
  }
}

/** How a lease ended whose claim is not there any more. */
export function lossOf(lease: string, left: Departure | null | undefined): LossReason {
  if (left?.lease !== lease) return "taken";
  return left.ending === "reclaimed" ? "taken" : left.ending;
}

export interface Adoptable {
  readonly facts: LeaseFacts;
  /** Whether its holder has its guards and can hand them over. */
  readonly isGuarded: boolean;
  /** Whether other guarded leases stand on its ports. */
  readonly shares: boolean;
}

/**
 * The lease of a name that this process may take up: its own, that of a process it descends from, or one that
 * a dead process left.
 *
 * @throws PortError `LEASE_NOT_FOUND`, `NAME_HELD`.
 */
export async function findAdoptable(world: World, name: string): Promise<Adoptable> {
  const { store, scope, host } = world;
  const record = readName((await store.read(scope, [nameKey(name)])).get(nameKey(name)));
  if (!record?.lease) throw leaseNotFound(name);
  const slots = await store.read(scope, slotKeys(record));
  const records = [...slots].map(([key, slot]) => [key, readPort(slot)] as const);
  const claims = records.flatMap(([, port]) => port.claims);
  const ours = claims.filter(({ lease }) => lease === record.lease);
  const [claim] = ours;
  if (!claim) throw leaseNotFound(name);
  const living = new Living(world);
  await living.learn(records);
  const mayAdopt =
    !living.has(claim) || [host.self, ...host.ancestors()].some((process) => isHolder(process, claim));
  if (!mayAdopt) throw nameHeld(name, record.ports, living.holderOf(claim), "by-other");
  // Whether or not somebody is still at work on it: the kernel has not been asked for its ports.
  if (record.granting) {
    throw new PortError("LEASE_NOT_FOUND", `the lease of ${JSON.stringify(name)} is not granted yet`, {
      input: name,
    });
  }
  const revision = Math.max(...ours.map((one) => one.revision));
  const { ports, protocols, addresses } = record;
  const facts: LeaseFacts = {
    id: record.lease,
    name,
    ports,
    hosts: [],
    protocols,
    addresses,
    holder: claim.holder,
    grantedAt: claim.grantedAt,
    token: { epoch: store.epoch, revision },
    ttlMs: null,
    isHeldInKernel: claim.held,
  };
  const beside = claims.filter((other) => other.lease !== claim.lease && living.has(other));
  return {
    facts,
    isGuarded: living.isGuarded(claim),
    shares: beside.some((other) => living.isGuarded(other)),
  };
}
