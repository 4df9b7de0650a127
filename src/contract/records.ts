// What the slots of a registry say, and how it is written.
//
// The slot of a port lists the claims on it: one for each lease that has the port. Two leases share a slot only
// when their bindings can stand side by side (two addresses of one port). It also says for which names the port
// is kept, and who left it last, which is what a quarantine goes by. A claim that names no revision was granted
// by the commit that wrote the slot; whoever rewrites a slot writes down the revision of the claims that stay.
//
// The slot of a name points at its lease, and says while that is not yet granted; it stays when the lease
// goes, so that the name finds its ports again. The slot of a session says until when the leases that hang on
// it live; without the slot they are over. One slot lists who waits for ports, in the order they came.
//
// Claims are written as arrays, without names of fields: a hundred thousand of them are read at once.

import { PortError, type Transport } from "../core/index.ts";
import type { ProcessIdentity } from "./host.ts";
import { type PlainClaim, readPlainClaim } from "./plain-claim.ts";
import type { Slot } from "./store.ts";

export interface Claim {
  /** The id of the lease. */
  readonly lease: string;
  readonly name: string | null;
  /** The addresses of the bindings, as canonical text. */
  readonly addresses: readonly string[];
  readonly holder: ProcessIdentity;
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  /**
   * The id of the session that the lease lives with: its own, which has the id of the lease, where it has a time
   * limit; that of the process that keeps it, on a store of many machines; `null`: it lives with its holder alone.
   */
  readonly session: string | null;
  /** Whether the holder has the guard of the port as long as the lease lives. */
  readonly guarded: boolean;
  /** Whether the holder has a socket that holds the port in the kernel as long as the lease lives. */
  readonly held: boolean;
  /** The process that the lease lives on with when its holder ends, as the command of `moorage run`; or `null`. */
  readonly heir: ProcessIdentity | null;
  /** Whether it is known that its lease has no other port or protocol. @default false */
  readonly alone?: boolean;
  /** The revision of the grant, where it is not the slot's. */
  readonly revision?: number;
}

/** A claim that was read: it knows the revision of its grant. */
export type GrantedClaim = Required<Claim>;

/** A claim that was read, with the key of its slot. */
export interface PlacedClaim extends GrantedClaim {
  readonly key: string;
}

/** Whether a lease lives for a time of its own, and not as long as its holder. */
export function hasTimeLimit({ lease, session }: Pick<Claim, "lease" | "session">): boolean {
  return session === lease;
}

/** A name that a port is kept for, on these addresses. */
export interface Kept {
  readonly name: string;
  readonly addresses: readonly string[];
}

/**
 * A point in time of this machine: a boot, and milliseconds since then, by the clock that the field says: `sinceBoot`
 * or `elapsed`, which stands still while the machine sleeps.
 */
export interface BootTime {
  readonly boot: string;
  readonly at: number;
}

/** How the last lease of a port ended. */
export type Ending = "released" | "transferred" | "reclaimed" | "expired";

/** The last lease that left a port, by `elapsed`: what the quarantine waits for happens while the machine is awake. */
export interface Departure extends BootTime {
  readonly lease: string;
  readonly name: string | null;
  readonly ending: Ending;
  /** For how many milliseconds from `at` the port is in quarantine. */
  readonly quarantineMs: number;
}

export interface PortRecord {
  readonly claims: readonly GrantedClaim[];
  readonly kept: readonly Kept[];
  readonly left: Departure | null;
}

export interface NameRecord {
  /** The id of its lease; `null` when it has none. */
  readonly lease: string | null;
  readonly protocols: readonly Transport[];
  readonly addresses: readonly string[];
  /** Of the lease; of the last one when there is none, to be tried first next time. */
  readonly ports: readonly number[];
  /** Whether the ports stay the name's when its lease goes. */
  readonly kept: boolean;
  /** Who is at work on the grant, as long as the kernel has not been asked for all the ports. */
  readonly granting: ProcessIdentity | null;
}

/** Until when the leases of a session live, by `sinceBoot`. The engine of a store may know better: then the slot goes. */
export interface SessionRecord extends BootTime {
  /** The id of the session, which is that of the lease where it has only one. */
  readonly lease: string;
  readonly ttlMs: number;
}

/** Somebody who waits for ports. */
export interface Waiter {
  readonly id: string;
  readonly holder: ProcessIdentity;
  /** The id of the session that it waits with, on a store of many machines. */
  readonly session?: string | undefined;
  readonly name: string | null;
  /** What it would take: a set of ports, as text. */
  readonly ports: string;
  readonly protocols: readonly Transport[];
  readonly addresses: readonly string[];
}

export const PORT_PREFIX = "port/";
export const SESSION_PREFIX = "session/";
export const QUEUE_KEY = "queue";

export function portKey(protocol: Transport, port: number): string {
  return `${PORT_PREFIX}${protocol}/${port}`;
}

export function nameKey(name: string): string {
  return `name/${name}`;
}

export function sessionKey(session: string): string {
  return `${SESSION_PREFIX}${session}`;
}

/** The protocol and port that a port slot's key says; NaN for what is no number. Many are read at once: no text is made. */
export function parsePortKey(key: string): { protocol: Transport; port: number } {
  const end = key.indexOf("/", PORT_PREFIX.length);
  const protocol = key.startsWith(TCP, PORT_PREFIX.length) ? "tcp" : key.slice(PORT_PREFIX.length, end);
  return { protocol: protocol as Transport, port: wholeNumberIn(key, end + 1) };
}

const TCP = "tcp/";
const ZERO = "0".charCodeAt(0);

/** The number that a text ends with, from `start`. */
function wholeNumberIn(text: string, start: number): number {
  let number = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
}

const NOTHING: readonly never[] = [];
const NO_RECORD: PortRecord = { claims: NOTHING, kept: NOTHING, left: null };
/** Addresses of a claim on the whole port, which nearly all are, are left out. */
const WHOLE_PORT: readonly string[] = ["::"];
/** The bits of a written claim's flags. */
const FLAG = { guarded: 1, held: 2, alone: 4 } as const;

type WrittenProcess = [
  pid: number,
  startTime: number,
  boot: string,
  namespaces: string,
  command: string,
  machine?: string,
];
type WrittenClaim = [
  lease: string,
  name: string | null,
  addresses: readonly string[] | 0,
  holder: WrittenProcess,
  grantedAt: number,
  session: string | null,
  flags: number,
  heir: WrittenProcess | 0,
  revision?: number,
];
interface WrittenPort {
  readonly claims?: WrittenClaim[];
  readonly kept?: readonly Kept[];
  readonly left?: Departure | null;
}

export function readPort(slot: Slot | undefined): PortRecord {
  if (!slot) return NO_RECORD;
  const { claims = [], kept = NOTHING, left = null } = parse(slot, isPort) as WrittenPort;
  return { claims: claims.map((claim) => readClaim(claim, slot.revision)), kept, left };
}

/** How a port slot is written that nobody has, and that is kept for no name. */
const LEFT_ONLY = '{"left":';

/** Whether somebody has a port, or it is kept for a name: what `readPort` would say, for those who ask no more of many. */
export function saysTaken({ value }: Slot): boolean {
  return !value.startsWith(LEFT_ONLY);
}

/** The claims in many port slots, in the order of the slots; those of one process share the object of their holder. */
export function readClaims(slots: readonly Slot[]): PlacedClaim[] {
  const claims: PlacedClaim[] = [];
  const holders = new Map<string, ProcessIdentity>();
  let [text, holder]: [string?, ProcessIdentity?] = [];
  for (const slot of slots) {
    const plain = readPlainClaim(slot.value, text);
    if (!plain) {
      for (const claim of readPort(slot).claims) claims.push({ key: slot.key, ...claim });
      continue;
    }
    if (holder === undefined || plain.holder !== text) {
      text = plain.holder;
      // As JSON, which says what is wrong should it be damaged.
      holder = holders.get(text) ?? readPort(slot).claims[0]!.holder;
      holders.set(text, holder);
    }
    claims.push(toPlacedClaim(plain, holder, slot));
  }
  return claims;
}

function toPlacedClaim(
  { lease, grantedAt, flags }: PlainClaim,
  holder: ProcessIdentity,
  { key, revision }: Slot,
): PlacedClaim {
  return {
    key,
    lease,
    name: null,
    addresses: WHOLE_PORT,
    holder,
    grantedAt,
    session: null,
    guarded: (flags & FLAG.guarded) !== 0,
    held: (flags & FLAG.held) !== 0,
    heir: null,
    alone: (flags & FLAG.alone) !== 0,
    revision,
  };
}

function readHolder([pid, startTime, boot, namespaces, command, machine]: WrittenProcess): ProcessIdentity {
  const process = { pid, startTime, boot, namespaces, command };
  return machine === undefined ? process : { ...process, machine };
}

function readClaim(written: WrittenClaim, slotRevision: number): GrantedClaim {
  const [lease, name, addresses, holder, grantedAt, session, flags, heir, revision = slotRevision] = written;
  return {
    lease,
    name,
    addresses: addresses === 0 ? WHOLE_PORT : addresses,
    holder: readHolder(holder),
    grantedAt,
    session,
    guarded: (flags & FLAG.guarded) !== 0,
    held: (flags & FLAG.held) !== 0,
    heir: heir === 0 ? null : readHolder(heir),
    alone: (flags & FLAG.alone) !== 0,
    revision,
  };
}

/** The value of a port slot, or `null` when there is nothing to say and the slot goes. */
export function writePort(record: {
  readonly claims: readonly Claim[];
  readonly kept: readonly Kept[];
  readonly left: Departure | null;
}): string | null {
  const { claims, kept, left } = record;
  if (claims.length === 0 && kept.length === 0 && left === null) return null;
  const written: { claims?: WrittenClaim[]; kept?: readonly Kept[]; left?: Departure } = {};
  if (claims.length > 0) written.claims = claims.map(writeClaim);
  if (kept.length > 0) written.kept = kept;
  if (left) written.left = left;
  return JSON.stringify(written);
}

function writeClaim(claim: Claim): WrittenClaim {
  const { lease, name, addresses, holder, grantedAt, session, heir, revision } = claim;
  const whole = addresses.length === 1 && addresses[0] === WHOLE_PORT[0];
  const written: WrittenClaim = [
    lease,
    name,
    whole ? 0 : addresses,
    writeProcess(holder),
    grantedAt,
    session,
    flagsOf(claim),
    heir ? writeProcess(heir) : 0,
  ];
  if (revision !== undefined) written.push(revision);
  return written;
}

function flagsOf({ guarded, held, alone = false }: Claim): number {
  return (guarded ? FLAG.guarded : 0) | (held ? FLAG.held : 0) | (alone ? FLAG.alone : 0);
}

function writeProcess({
  pid,
  startTime,
  boot,
  namespaces,
  command,
  machine,
}: ProcessIdentity): WrittenProcess {
  const written: WrittenProcess = [pid, startTime, boot, namespaces, command];
  if (machine !== undefined) written.push(machine);
  return written;
}

export function readName(slot: Slot | undefined): NameRecord | undefined {
  return slot && (parse(slot, isName) as NameRecord);
}

export function readSession(slot: Slot | undefined): SessionRecord | undefined {
  return slot && (parse(slot, isObject) as SessionRecord);
}

export function readQueue(slot: Slot | undefined): readonly Waiter[] {
  return slot ? (parse(slot, Array.isArray) as Waiter[]) : [];
}

/** The value of a slot that is neither a port's nor removed. */
export function writeRecord(record: NameRecord | SessionRecord | readonly Waiter[]): string {
  return JSON.stringify(record);
}

/** The value of a slot, at least of the kind that it must be: anything else was not written by us. */
function parse(slot: Slot, isRight: (value: unknown) => boolean): unknown {
  let value: unknown;
  try {
    value = JSON.parse(slot.value);
  } catch (cause) {
    throw damaged(slot.key, "it is not JSON", cause);
  }
  if (!isRight(value)) throw damaged(slot.key, "it is not a record of this kind");
  return value;
}

function damaged(key: string, why: string, cause?: unknown): PortError<"STORE_DAMAGED"> {
  const message = `the record of ${key} cannot be read: ${why}`;
  return new PortError("STORE_DAMAGED", message, { path: key }, { cause });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { claims = [], kept = [] } = value;
  return Array.isArray(claims) && Array.isArray(kept) && claims.every(isClaim);
}

function isClaim(claim: unknown): boolean {
  return Array.isArray(claim) && Array.isArray(claim[3]);
}

function isName(value: unknown): boolean {
  return isObject(value) && ["ports", "protocols", "addresses"].every((field) => Array.isArray(value[field]));
}
