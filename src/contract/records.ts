// What the slots of a registry say, and how it is written.
//
// A port's slot lists the claims on it: one for each lease that has a binding there. Two leases share a slot
// only when their bindings can stand side by side (two addresses of one port). A claim that names no
// revision was granted by the commit that wrote the slot; whoever rewrites a slot writes down the revision
// of the claims that stay. A name's slot points at its lease, and
// says while that is not yet granted; it stays when the lease goes, so that the name finds its ports again.

import { PortError, type Transport } from "../core/index.ts";
import type { ProcessIdentity } from "./host.ts";
import type { Slot } from "./store.ts";

export interface Claim {
  /** The id of the lease. */
  readonly lease: string;
  readonly name: string | null;
  /** The address of the binding, as its canonical text. */
  readonly address: string;
  readonly holder: ProcessIdentity;
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  /** The revision of the grant, where it is not the slot's. */
  readonly revision?: number;
}

export interface NameRecord {
  /** The id of its lease; `null` once that is given back. */
  readonly lease: string | null;
  readonly protocol: Transport;
  /** Of the lease; of the last one once that is given back, to be tried first next time. */
  readonly ports: readonly number[];
  /** Who is at work on the grant, as long as the kernel has not been asked for all the ports. */
  readonly granting?: ProcessIdentity;
}

export const PORT_PREFIX = "port/";

export function portKey(protocol: Transport, port: number): string {
  return `${PORT_PREFIX}${protocol}/${port}`;
}

export function nameKey(name: string): string {
  return `name/${name}`;
}

/** The protocol and port that a port slot's key says. */
export function parsePortKey(key: string): { protocol: Transport; port: number } {
  const [, protocol, port] = key.split("/");
  return { protocol: protocol as Transport, port: Number(port) };
}

/** The claims of a slot, each with the revision of its grant. */
export function readClaims(slot: Slot | undefined): Required<Claim>[] {
  if (!slot) return [];
  const claims = parse(slot) as Claim[];
  return claims.map((claim) => ({ ...claim, revision: claim.revision ?? slot.revision }));
}

/** The value of a port slot, or `null` when no claim is left and the slot goes. */
export function writeClaims(claims: readonly Claim[]): string | null {
  return claims.length === 0 ? null : JSON.stringify(claims);
}

export function readName(slot: Slot | undefined): NameRecord | undefined {
  return slot && (parse(slot) as NameRecord);
}

export function writeName(record: NameRecord): string {
  return JSON.stringify(record);
}

function parse(slot: Slot): unknown {
  try {
    return JSON.parse(slot.value);
  } catch (cause) {
    const message = `the record of ${slot.key} cannot be read: it is not JSON`;
    throw new PortError("STORE_DAMAGED", message, { path: slot.key }, { cause });
  }
}
