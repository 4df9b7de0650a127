// What the slots of a port mean for a request: whether it may have the port, and who is in the way.
//
// While a port is in quarantine it goes to the name it had, then to who waits, in the order they came, then to
// anybody as the last choice. The port of a dead holder counts as just left, until somebody writes down that it
// is.

import {
  type BootTime,
  type Departure,
  type GrantedClaim,
  type PortRecord,
  type ProcessIdentity,
  readSession,
  type Slot,
  type Waiter,
} from "../contract/index.ts";
import { type Binding, bindingOf, conflictsAtBind, PortSet, type Transport } from "../core/index.ts";
import type { Living } from "./living.ts";
import type { Request } from "./request.ts";
import { type Elsewhere, slotId } from "./scattered.ts";

/** The slot of a port in one protocol, as read, and what would stay in it beside the request's claim. */
export interface PortSlot {
  /** `undefined`: the registry's own. */
  readonly scope: Elsewhere;
  readonly key: string;
  readonly protocol: Transport;
  readonly slot: Slot | undefined;
  readonly record: PortRecord;
  readonly staying: readonly GrantedClaim[];
  /** Whether one of those has the guard of the port. */
  readonly isGuarded: boolean;
}

/** As it was read, before it is judged. */
export type ReadSlot = Omit<PortSlot, "staying" | "isGuarded">;

/** A port that the request may have. */
export interface Candidate {
  readonly port: number;
  readonly slots: readonly PortSlot[];
  /** Sessions that ran out on it. */
  readonly endedSessions: readonly Slot[];
  /** Whether others should be tried first. */
  readonly isLastChoice: boolean;
}

type SlotRefusal = "leased" | "kept" | "awaited" | "quarantined";

/** A port that the request may not have. */
export interface Refused {
  readonly port: number;
  readonly refusal: SlotRefusal;
  /** The lease that is in the way, with its slot's protocol. */
  readonly blocker?: {
    readonly claim: GrantedClaim;
    readonly protocol: Transport;
    /** The process with which it lives. */
    readonly holder: ProcessIdentity;
  };
  /** Milliseconds until the quarantine is over. */
  readonly quarantinedMs?: number;
  /** The slots with claims of dead holders, and those that stay. */
  readonly slots: readonly PortSlot[];
  readonly endedSessions: readonly Slot[];
}

/** Somebody who waited before. */
export interface Ahead extends Waiter {
  readonly pool: PortSet;
}

export interface Circumstances {
  readonly living: Living;
  /** By `sinceBoot`. */
  readonly now: () => BootTime;
  readonly quarantineMs: number;
  /** How much longer a port is in quarantine that was left like this, in the slot of this key. */
  readonly remaining: (key: string, left: Departure) => number;
  /** Those who waited before the request came. */
  readonly ahead: readonly Ahead[];
}

export function judge(
  request: Request,
  port: number,
  read: readonly ReadSlot[],
  { living, now, quarantineMs, remaining, ahead }: Circumstances,
): Candidate | Refused {
  const slots: PortSlot[] = [];
  const endedSessions: Slot[] = [];
  let refused: Omit<Refused, "port" | "slots" | "endedSessions"> | undefined;
  let quarantinedMs = 0;
  for (const one of read) {
    const { claims, kept, left } = one.record;
    const staying = claims.filter((claim) => living.has(claim));
    const isGuarded = staying.some((claim) => living.isGuarded(claim));
    const { scope, key, protocol, record } = one;
    slots.push({ scope, key, protocol, slot: one.slot, record, staying, isGuarded });
    const meets = (addresses: readonly string[]): boolean => meet(request, one.protocol, port, addresses);
    for (const claim of claims) {
      const slot = living.endedSession(claim);
      if (slot && !endedSessions.includes(slot)) endedSessions.push(slot);
      if (!meets(claim.addresses)) continue;
      if (living.has(claim)) {
        const blocker = { claim, protocol: one.protocol, holder: living.holderOf(claim) };
        refused ??= { refusal: "leased", blocker };
      } else if (!isOwnName(request, claim)) {
        // When a session ran out is known; when a process died is not, but that a boot ended it.
        const session = readSession(slot);
        const sinceDeath = living.mayHaveJustDied(claim) ? quarantineMs : 0;
        const ofClaim = session ? remainingMs({ ...session, quarantineMs }, now) : sinceDeath;
        quarantinedMs = Math.max(quarantinedMs, ofClaim);
      }
    }
    if (kept.some(({ name, addresses }) => name !== request.name && meets(addresses))) {
      refused ??= { refusal: "kept" };
    }
    if (left && !isOwnName(request, left))
      quarantinedMs = Math.max(quarantinedMs, remaining(slotId(scope, key), left));
  }
  if (!refused && quarantinedMs > 0) {
    if (request.refusesQuarantined) refused = { refusal: "quarantined", quarantinedMs };
    else if (isAwaited(request, port, ahead)) refused = { refusal: "awaited", quarantinedMs };
  }
  return refused
    ? { port, ...refused, slots, endedSessions }
    : { port, slots, endedSessions, isLastChoice: quarantinedMs > 0 };
}

/** How much longer the port that somebody left is in quarantine. */
export function remainingMs(
  { boot, at, quarantineMs }: Pick<Departure, "boot" | "at" | "quarantineMs">,
  time: () => BootTime,
): number {
  if (quarantineMs === 0) return 0;
  const now = time();
  const remaining = at + quarantineMs - now.at;
  // A time that lies ahead was told by another clock.
  return boot === now.boot && remaining <= quarantineMs ? Math.max(remaining, 0) : 0;
}

export function isCandidate(judgement: Candidate | Refused): judgement is Candidate {
  return !("refusal" in judgement);
}

function isOwnName(request: Request, { name }: { readonly name: string | null }): boolean {
  return name !== null && name === request.name;
}

function isAwaited(request: Request, port: number, ahead: readonly Ahead[]): boolean {
  return ahead.some(
    ({ pool, protocols, addresses }) =>
      pool.has(port) &&
      protocols.some(
        (protocol) => request.protocols.includes(protocol) && meet(request, protocol, port, addresses),
      ),
  );
}

/** Whether a lease of a port on these addresses could not stand beside that of the request. */
function meet(request: Request, protocol: Transport, port: number, addresses: readonly string[]): boolean {
  if (isWholePort(addresses) || isWholePort(request.addresses)) return true;
  const others = addresses.map((address): Binding => bindingOf({ protocol, address, port }));
  return request
    .bindingsAt(protocol, port)
    .some((mine) => others.some((other) => conflictsAtBind(other, mine)));
}

/** Nearly all leases are on the whole port, which meets everything. */
function isWholePort(addresses: readonly string[]): boolean {
  return addresses.includes("::");
}

/** Those in the queue who live, as far as was learned, up to the one with this id, or all. */
export function aheadOf(queue: readonly Waiter[], id: string | undefined, living: Living): Ahead[] {
  const end = queue.findIndex((waiter) => waiter.id === id);
  const before = end === -1 ? queue : queue.slice(0, end);
  const alive = before.filter((waiter) => living.hasWaiter(waiter));
  return alive.map((waiter) => ({ ...waiter, pool: PortSet.parse(waiter.ports) }));
}
