// The leases of a scope, put together from the claims on its ports, and the ports that names keep.

import {
  type AbortableOptions,
  type GrantedClaim,
  parsePortKey,
  PORT_PREFIX,
  type PortRecord,
  type ProcessIdentity,
  readName,
  readPorts,
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
  /** Whether the holder keeps the ports in the kernel too, with a socket (`hold`). */
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
  const parts = new Map<string, Part>();
  const all = [...slots];
  const records = readPorts(all);
  const living = new Living(world);
  await living.learn(keyed(all, records));
  for (let at = 0; at < all.length; at++) {
    const { claims } = records[at]!;
    if (claims.length > 0) collect(parts, parsePortKey(all[at]!.key), claims);
  }
  const leases: LeaseInfo[] = [];
  for (const part of parts.values()) leases.push(toInfo(world, part, living));
  return inOrder(leases);
}

/** One after the other: a hundred thousand pairs are not kept. */
function* keyed(
  slots: readonly Slot[],
  records: readonly PortRecord[],
): Generator<readonly [string, PortRecord]> {
  for (let at = 0; at < slots.length; at++) yield [slots[at]!.key, records[at]!];
}

/** A lease as far as its slots have been gone through. */
interface Part {
  claim: GrantedClaim;
  protocols: readonly Transport[];
  readonly ports: number[];
}

/** Nearly all leases have one protocol: they share these. */
const ONLY: Readonly<Record<Transport, readonly Transport[]>> = { tcp: ["tcp"], udp: ["udp"] };

function collect(
  parts: Map<string, Part>,
  { protocol, port }: { readonly protocol: Transport; readonly port: number },
  claims: readonly GrantedClaim[],
): void {
  for (const claim of claims) {
    const part = parts.get(claim.lease);
    if (!part) {
      parts.set(claim.lease, { claim, protocols: ONLY[protocol], ports: [port] });
      continue;
    }
    if (!part.protocols.includes(protocol)) part.protocols = [...part.protocols, protocol];
    // The slots of a protocol come with different ports; of a second one, with the same.
    if (part.protocols.length === 1 || !part.ports.includes(port)) part.ports.push(port);
    if (claim.revision > part.claim.revision) part.claim = claim;
  }
}

function toInfo(world: World, { claim, protocols, ports }: Part, living: Living): LeaseInfo {
  const { lease, name, addresses, holder, heir, held, grantedAt, revision, session } = claim;
  return {
    id: lease,
    name,
    protocols,
    addresses,
    ports: ports.length === 1 ? ports : ports.toSorted((a, b) => a - b),
    holder,
    heir,
    isHeldInKernel: held,
    state: living.has(claim) ? "held" : "abandoned",
    hasTimeLimit: session !== null,
    grantedAt,
    token: { epoch: world.store.epoch, revision },
  };
}

/** In the order of their first ports. There are few leases of one port, so they are sorted there. */
function inOrder(leases: readonly LeaseInfo[]): LeaseInfo[] {
  const byPort: (LeaseInfo | LeaseInfo[] | undefined)[] = [];
  for (const lease of leases) {
    const port = lease.ports[0]!;
    const others = byPort[port];
    if (others === undefined) byPort[port] = lease;
    else byPort[port] = Array.isArray(others) ? [...others, lease] : [others, lease];
  }
  const sorted: LeaseInfo[] = [];
  for (const some of byPort) {
    if (Array.isArray(some)) sorted.push(...some.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    else if (some) sorted.push(some);
  }
  return sorted;
}
