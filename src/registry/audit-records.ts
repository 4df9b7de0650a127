// What an audit works with: the records of a scope that can be read, and what it finds.

import {
  type GrantedClaim,
  nameKey,
  type NameRecord,
  parsePortKey,
  type PortRecord,
  sessionKey,
  type Slot,
  type SlotChange,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import type { Living } from "./living.ts";

/** What is wrong with records. */
export interface RecordIssue {
  readonly severity: "warning" | "problem";
  /** The key of the slot where it shows. */
  readonly key: string;
  readonly message: string;
  /** What mends it; where nothing can, somebody has to decide. */
  readonly mend?: Mend;
  readonly advice?: string;
}

interface Mend {
  readonly changes: readonly SlotChange[];
  /** What was done, in words. */
  readonly done: string;
  /** Slots whose value is lost with it. */
  readonly removes: readonly Slot[];
}

export interface PortSlot {
  readonly slot: Slot;
  readonly record: PortRecord;
}

/** The readable records of a scope. */
export interface Records {
  readonly ports: ReadonlyMap<string, PortSlot>;
  readonly names: ReadonlyMap<string, { readonly slot: Slot; readonly record: NameRecord }>;
  /** The keys of slots that cannot be read. */
  readonly unreadable: ReadonlySet<string>;
  readonly living: Living;
}

/** A lease whose session cannot be read counts as alive with its holder. */
export function isLiving({ living, unreadable }: Records, claim: GrantedClaim): boolean {
  return claim.session !== null && unreadable.has(sessionKey(claim.session))
    ? living.hasProcess(claim.holder)
    : living.has(claim);
}

/** The name as the ports tell of it: of the living lease that was granted last, else of what is kept for it. */
export function nameFromPorts(records: Records, name: string): NameRecord | undefined {
  const slots = [...records.ports.values()];
  const claims = slots.flatMap(({ record }) =>
    record.claims.filter((claim) => claim.name === name && isLiving(records, claim)),
  );
  const newest = claims.toSorted((a, b) => b.revision - a.revision)[0];
  const keeping = slots.filter(({ record }) => record.kept.some((kept) => kept.name === name));
  const having = newest
    ? slots.filter(({ record }) => record.claims.some(({ lease }) => lease === newest.lease))
    : keeping;
  const [first] = having;
  if (!first) return undefined;
  const places = having.map(({ slot }) => parsePortKey(slot.key));
  const addresses =
    newest?.addresses ?? first.record.kept.find((kept) => kept.name === name)?.addresses ?? [];
  return {
    lease: newest?.lease ?? null,
    protocols: [...new Set(places.map(({ protocol }) => protocol))].toSorted(),
    addresses,
    ports: [...new Set(places.map(({ port }) => port))].toSorted((a, b) => a - b),
    kept: keeping.length > 0,
    granting: null,
  };
}

/** A change of the slot of a port, whether it is there or not. */
export function portChange(key: string, before: PortSlot | undefined, record: PortRecord): SlotChange {
  return { key, ifRevision: before?.slot.revision ?? 0, value: writePort(record) };
}

/** A change of the slot of a name; with the record that it has: the condition that it stays as it is. */
export function nameChange(name: string, before: Slot | undefined, record: NameRecord): SlotChange {
  return { key: nameKey(name), ifRevision: before?.revision ?? 0, value: writeRecord(record) };
}
