// The leases of a scope, put together from the claims on its ports, and the ports that names keep.

import {
  type AbortableOptions,
  type GrantedClaim,
  parsePortKey,
  PORT_PREFIX,
  type PortRecord,
  type ProcessIdentity,
  readName,
  readPort,
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
  const records = [...slots].map((slot) => [slot.key, readPort(slot)] as const);
  const living = new Living(world);
  await living.learn(records);
  return collect(world, records, living);
}

interface Part {
  claim: GrantedClaim;
  readonly protocols: Transport[];
  readonly ports: number[];
}

function collect(
  world: World,
  records: readonly (readonly [key: string, record: PortRecord])[],
  living: Living,
): LeaseInfo[] {
  const parts = new Map<string, Part>();
  for (const [key, { claims }] of records) {
    if (claims.length === 0) continue;
    const { protocol, port } = parsePortKey(key);
    for (const claim of claims) {
      const part = parts.get(claim.lease);
      if (!part) {
        parts.set(claim.lease, { claim, protocols: [protocol], ports: [port] });
        continue;
      }
      if (!part.protocols.includes(protocol)) part.protocols.push(protocol);
      if (!part.ports.includes(port)) part.ports.push(port);
      if (claim.revision > part.claim.revision) part.claim = claim;
    }
  }
  const leases = [...parts.values()].map((part) => toInfo(world, part, living));
  return leases.toSorted((a, b) => a.ports[0]! - b.ports[0]! || (a.id < b.id ? -1 : 1));
}

function toInfo(world: World, { claim, protocols, ports }: Part, living: Living): LeaseInfo {
  const { lease, name, addresses, holder, grantedAt, revision, session } = claim;
  return {
    id: lease,
    name,
    protocols,
    addresses,
    ports: ports.toSorted((a, b) => a - b),
    holder,
    state: living.has(claim) ? "held" : "abandoned",
    hasTimeLimit: session !== null,
    grantedAt,
    token: { epoch: world.store.epoch, revision },
  };
}
