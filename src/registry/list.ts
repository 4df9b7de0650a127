// The leases of a scope, put together from the claims on its ports, and the ports that names keep.

import {
  type AbortableOptions,
  hasTimeLimit,
  parsePortKey,
  type PlacedClaim,
  PORT_PREFIX,
  type ProcessIdentity,
  readClaims,
  readName,
  type Slot,
  type Token,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import { Living } from "./living.ts";
import type { World } from "./world.ts";

/** A lease as everybody may see it. */
export interface LeaseInfo {
  readonly id: string;
  readonly name: string | null;
  readonly protocols: readonly Transport[];
  /** "::" is the whole port, on both families. */
  readonly addresses: readonly string[];
  /** In rising order. */
  readonly ports: readonly number[];
  readonly holder: ProcessIdentity;
  /** The process that it lives on with when its holder ends, as the command of `moorage run`; or `null`. */
  readonly heir: ProcessIdentity | null;
  /** Whether the holder, while it lives, keeps the ports in the kernel too, with a socket (`hold`). */
  readonly isHeldInKernel: boolean;
  /** `abandoned`: the holder is dead or the time limit passed, and the ports go to whoever asks next. */
  readonly state: "held" | "abandoned";
  /** Whether it lives for a time and not as long as its holder. */
  readonly hasTimeLimit: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  readonly token: Token;
}

/** Ports that a name keeps. */
export interface Reservation {
  readonly name: string;
  readonly ports: readonly number[];
  readonly protocols: readonly Transport[];
  readonly addresses: readonly string[];
}

/** All leases, in the order of their first ports. */
export async function list(world: World, options?: AbortableOptions): Promise<LeaseInfo[]> {
  return await toLeases(world, await world.store.list(world.scope, PORT_PREFIX, options));
}

/** All names that keep ports, in the order of the names. */
export async function listReservations(world: World, options?: AbortableOptions): Promise<Reservation[]> {
  const slots = await world.store.list(world.scope, NAME_PREFIX, options);
  return slots.flatMap((slot) => {
    const record = readName(slot);
    if (!record?.kept) return [];
    const { ports, protocols, addresses } = record;
    return [{ name: slot.key.slice(NAME_PREFIX.length), ports, protocols, addresses }];
  });
}

const NAME_PREFIX = "name/";

/** The leases that have a claim on these port slots, with those of their ports that are among them. */
export async function toLeases(world: World, slots: Iterable<Slot>): Promise<LeaseInfo[]> {
  const all = inOrder([...slots]);
  const living = new Living(world);
  const leases: Listed[] = [];
  /** Those that can have more than one claim. */
  const wide = new Map<string, Listed>();
  for (let at = 0; at < all.length; at += SLOTS_AT_ONCE) {
    const claims = readClaims(all.slice(at, at + SLOTS_AT_ONCE));
    await living.learnClaims(claims);
    for (const claim of claims) {
      const known = claim.alone ? undefined : wide.get(claim.lease);
      if (known) addPlace(known, claim);
      else {
        const lease = toListed(world, living, claim);
        leases.push(lease);
        if (!claim.alone) wide.set(claim.lease, lease);
      }
    }
  }
  return leases;
}

/** What a slot says is forgotten before the garbage collector has to move it: of 100,000 that is a third of the time. */
const SLOTS_AT_ONCE = 1000;

/** A lease as it is put together. */
interface Listed extends LeaseInfo {
  protocols: readonly Transport[];
  readonly ports: number[];
  token: Token;
}

/** Nearly all leases have one protocol: they share these. */
const ONLY_TCP: readonly Transport[] = ["tcp"];
const ONLY_UDP: readonly Transport[] = ["udp"];

function toListed(world: World, living: Living, claim: PlacedClaim): Listed {
  const { protocol, port } = parsePortKey(claim.key);
  return {
    id: claim.lease,
    name: claim.name,
    protocols: protocol === "udp" ? ONLY_UDP : ONLY_TCP,
    addresses: claim.addresses,
    ports: [port],
    holder: claim.holder,
    heir: claim.heir,
    isHeldInKernel: claim.held && living.hasHolder(claim),
    state: living.has(claim) ? "held" : "abandoned",
    hasTimeLimit: hasTimeLimit(claim),
    grantedAt: claim.grantedAt,
    token: { epoch: world.store.epoch, revision: claim.revision },
  };
}

function addPlace(lease: Listed, { key, revision }: PlacedClaim): void {
  const { protocol, port } = parsePortKey(key);
  if (!lease.protocols.includes(protocol)) lease.protocols = [...lease.protocols, protocol];
  if (lease.ports.at(-1) !== port) lease.ports.push(port);
  if (revision > lease.token.revision) lease.token = { ...lease.token, revision };
}

/**
 * By their ports, those of one port as they came: so leases are made in the order that they are to have, each with its ports
 * in rising order. What is sorted are numbers, each of a port and a place: 100,000 of them take 6 ms.
 */
function inOrder(slots: readonly Slot[]): Slot[] {
  const places = new Float64Array(slots.length);
  for (let at = 0; at < slots.length; at++) {
    places[at] = (parsePortKey(slots[at]!.key).port >>> 0) * PLACES + at;
  }
  const ordered: Slot[] = [];
  for (const place of places.toSorted()) ordered.push(slots[place % PLACES]!);
  return ordered;
}

/** More than there are slots. */
const PLACES = 2 ** 32;
