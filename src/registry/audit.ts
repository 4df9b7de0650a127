// Whether the records of a scope are in order, and what would mend those that are not: pure over its slots, but
// for the question who is alive.
//
// All slots of a lease and its name change together, so where they disagree something was damaged. In doubt a
// port stays kept or leased: better a port too few than one granted twice. The lease of a dead holder is nobody's
// affair: its ports go to whoever asks next, one by one, and its name learns of that when it is asked for.
//
// What mends an issue is a commit on the condition that its slots are as they were read: other processes may be
// at work.

import {
  parsePortKey,
  PORT_PREFIX,
  QUEUE_KEY,
  readName,
  readPort,
  readQueue,
  SESSION_PREFIX,
  type Slot,
  writeRecord,
} from "../contract/index.ts";
import { auditNames } from "./audit-names.ts";
import { isLiving, nameFromPorts, type RecordIssue, type Records } from "./audit-records.ts";
import { bootTime } from "./give-back.ts";
import { GUARD_DELAY_MS, Living } from "./living.ts";
import { type Flaw, nameFlaw, portFlaw, queueFlaw, readablePort, sessionFlaw } from "./shapes.ts";
import type { World } from "./world.ts";

export interface Audit {
  readonly issues: readonly RecordIssue[];
  readonly leases: number;
  /** Of those: how many have a dead holder or ran out. */
  readonly abandoned: number;
  readonly keptNames: number;
  readonly waiting: number;
  /** Of those: how many are dead. */
  readonly deadWaiting: number;
}

const NAME_PREFIX = "name/";

/** How many guards are asked for at most: each takes a connection. */
const MOST_GUARDS = 500;
/** A third of the longest time limit: by then the holder of a lease has tried to renew it. */
const LONGEST_RENEWAL_MS = 28_800_000;

/** All slots of a scope, as they were at one moment. */
export async function readScope({ store, scope }: World): Promise<Slot[]> {
  // Calls that are outstanding together share a transaction.
  const prefixes = [PORT_PREFIX, NAME_PREFIX, SESSION_PREFIX, QUEUE_KEY];
  return (await Promise.all(prefixes.map((prefix) => store.list(scope, prefix)))).flat();
}

export async function audit(world: World, slots: readonly Slot[]): Promise<Audit> {
  const flaws = slots.flatMap((slot): [Slot, string][] => {
    const flaw = flawOf(slot);
    return flaw === undefined ? [] : [[slot, flaw]];
  });
  const unreadable = new Set(flaws.map(([{ key }]) => key));
  const readable = slots.filter(({ key }) => !unreadable.has(key));
  const ports = new Map(
    readable
      .filter(({ key }) => key.startsWith(PORT_PREFIX))
      .map((slot) => [slot.key, { slot, record: readPort(slot) }]),
  );
  const names = new Map(
    readable
      .filter(({ key }) => key.startsWith(NAME_PREFIX))
      .map((slot) => [slot.key.slice(NAME_PREFIX.length), { slot, record: readName(slot)! }]),
  );
  const living = new Living(world);
  await living.learn([...ports].map(([key, { record }]) => [key, record] as const));
  const records: Records = { ports, names, unreadable, living };
  const issues = [
    ...flaws.map(([slot, flaw]) => unreadableIssue(world, records, slot, flaw)),
    ...auditNames(records),
    ...(await unguarded(world, records)),
  ];
  const queue = readQueue(readable.find(({ key }) => key === QUEUE_KEY));
  await living.learnWaiters(queue);
  const leases = new Map([...ports.values()].flatMap(({ record }) => record.claims.map((c) => [c.lease, c])));
  return {
    issues,
    leases: leases.size,
    abandoned: [...leases.values()].filter((claim) => !isLiving(records, claim)).length,
    keptNames: [...names.values()].filter(({ record }) => record.kept).length,
    waiting: queue.length,
    deadWaiting: queue.filter((waiter) => !living.hasWaiter(waiter)).length,
  };
}

function flawOf(slot: Slot): Flaw {
  const { key } = slot;
  if (key.startsWith(PORT_PREFIX)) return portFlaw(slot);
  if (key.startsWith(NAME_PREFIX)) return nameFlaw(slot);
  if (key.startsWith(SESSION_PREFIX)) return sessionFlaw(slot);
  return key === QUEUE_KEY ? queueFlaw(slot) : undefined;
}

function unreadableIssue(world: World, records: Records, slot: Slot, flaw: string): RecordIssue {
  const value = readableValue(world, records, slot);
  const done = value === null ? `removed ${slot.key}` : `made ${slot.key} anew of what is known`;
  return {
    severity: "problem",
    key: slot.key,
    message: `${slot.key} cannot be read: ${flaw}`,
    mend: { changes: [{ key: slot.key, ifRevision: slot.revision, value }], done, removes: [slot] },
  };
}

/** What an unreadable slot is to say; `null`: nothing. */
function readableValue(world: World, records: Records, slot: Slot): string | null {
  const { key } = slot;
  if (key.startsWith(PORT_PREFIX)) return readablePort(slot);
  if (key.startsWith(NAME_PREFIX)) {
    const record = nameFromPorts(records, key.slice(NAME_PREFIX.length));
    return record ? writeRecord(record) : null;
  }
  if (!key.startsWith(SESSION_PREFIX)) return null;
  const session = key.slice(SESSION_PREFIX.length);
  const claims = [...records.ports.values()].flatMap(({ record }) => record.claims);
  const claim = claims.find((one) => one.session === session && records.living.hasProcess(one.holder));
  if (!claim) return null;
  // Its holder finds at the next renewal that it is not its own any more; until then nobody else gets the ports.
  const { boot, at } = bootTime(world);
  const ttlMs = LONGEST_RENEWAL_MS;
  return writeRecord({ lease: claim.lease, boot, at: at + ttlMs, ttlMs });
}

/** Leases whose holders live and do not have the guards that they should. */
async function unguarded(world: World, records: Records): Promise<RecordIssue[]> {
  const { host, clock } = world;
  if (!host.guards) return [];
  const expected = [...records.ports.values()].flatMap(({ slot, record }) =>
    record.claims
      .filter(
        (claim) =>
          claim.guarded &&
          clock.now() - claim.grantedAt >= GUARD_DELAY_MS &&
          isLiving(records, claim) &&
          host.liveness(claim.holder) === "alive",
      )
      .map((claim) => ({ slot, claim })),
  );
  const issues: RecordIssue[] = [];
  for (const { slot, claim } of expected.slice(0, MOST_GUARDS)) {
    const { protocol, port } = parsePortKey(slot.key);
    if (await host.guards.isHeld(protocol, port)) continue;
    const { pid, command } = claim.holder;
    issues.push({
      severity: "warning",
      key: slot.key,
      message: `${protocol} port ${port} is leased to process ${pid} (${command}), which does not guard it: in another state folder it can be leased again`,
      advice: `restart process ${pid}`,
    });
  }
  return issues;
}
