// Whether the value of a slot is a record. Everywhere else that is taken for granted: whoever can write slots is
// this package. What a damaged disk or an unlucky hand left there is found here, and what of it can still be used.

import {
  type Claim,
  type Kept,
  parsePortKey,
  PORT_PREFIX,
  readPort,
  type Slot,
  writePort,
} from "../contract/index.ts";
import { IpAddress, PortError, PortSet, type Transport, TRANSPORTS } from "../core/index.ts";
import { MAX_PORT, MIN_PORT } from "../core/expect.ts";

const isText = (value: unknown): value is string => typeof value === "string";
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRevision = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= MIN_PORT && (value as number) <= MAX_PORT;
const isTransport = (value: unknown): value is Transport => TRANSPORTS.some((known) => known === value);
const isAddress = (value: unknown): boolean => isText(value) && IpAddress.tryParse(value) !== undefined;

/** At least one, all of the kind. */
function isListOf(isOne: (value: unknown) => boolean, value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && value.every(isOne);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The JSON of a slot, or `undefined` when it is none. */
function json(slot: Slot): unknown {
  try {
    return JSON.parse(slot.value) as unknown;
  } catch {
    return undefined;
  }
}

/** What is wrong with a record, in words for "… cannot be read: ", or `undefined`. */
export type Flaw = string | undefined;

function flawOf(slot: Slot, isRecord: (value: unknown) => boolean): Flaw {
  const value = json(slot);
  if (value === undefined) return "it is not JSON";
  return isRecord(value) ? undefined : "it has another form";
}

export function portFlaw(slot: Slot): Flaw {
  if (!isPortKey(slot.key)) return "there is no such port";
  return flawOf(slot, isPortRecord);
}

/** What of the slot of a port is in order, as the value of a slot; `null`: nothing. */
export function readablePort(slot: Slot): string | null {
  const value = json(slot);
  if (!isPortKey(slot.key) || !isObject(value)) return null;
  const { claims, kept, left } = value;
  const readable = {
    claims: Array.isArray(claims) ? claims.filter(isClaim) : [],
    kept: Array.isArray(kept) ? kept.filter(isKept) : [],
    ...(isDeparture(left) && { left }),
  };
  return writePort(readPort({ ...slot, value: JSON.stringify(readable) }));
}

export function nameFlaw(slot: Slot): Flaw {
  return flawOf(
    slot,
    (value) =>
      isObject(value) &&
      isTextOrNull(value["lease"]) &&
      isListOf(isTransport, value["protocols"]) &&
      isListOf(isAddress, value["addresses"]) &&
      Array.isArray(value["ports"]) &&
      value["ports"].every(isPort) &&
      typeof value["kept"] === "boolean" &&
      (value["granting"] === null || isProcess(value["granting"])),
  );
}

export function sessionFlaw(slot: Slot): Flaw {
  return flawOf(
    slot,
    (value) =>
      isObject(value) &&
      isText(value["lease"]) &&
      isText(value["boot"]) &&
      isNumber(value["at"]) &&
      isNumber(value["ttlMs"]),
  );
}

export function queueFlaw(slot: Slot): Flaw {
  return flawOf(slot, (value) => Array.isArray(value) && value.every(isWaiter));
}

export function scopeFlaw(slot: Slot): Flaw {
  return flawOf(slot, (value) => isObject(value) && (isMachine(value) || isHostOrPool(value)));
}

function isMachine({ fingerprint, boot }: Fields): boolean {
  return isText(fingerprint) && isText(boot);
}

/** As engines have them, and exports of engines. */
function isHostOrPool({ host, pool, ports }: Fields): boolean {
  return isText(host) || (isText(pool) && isPortText(ports));
}

function isPortKey(key: string): boolean {
  const { protocol, port } = parsePortKey(key);
  return isTransport(protocol) && isPort(port) && key === `${PORT_PREFIX}${protocol}/${port}`;
}

function isPortRecord(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { claims, kept, left } = value;
  return (
    (claims === undefined || (Array.isArray(claims) && claims.every(isClaim))) &&
    (kept === undefined || (Array.isArray(kept) && kept.every(isKept))) &&
    (left === undefined || isDeparture(left))
  );
}

/** As contract/records.ts writes it. */
function isClaim(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [lease, name, addresses, holder, grantedAt, session, flags, heir, revision] = value as unknown[];
  return (
    isText(lease) &&
    isTextOrNull(name) &&
    (addresses === 0 || isListOf(isAddress, addresses)) &&
    isWrittenProcess(holder) &&
    isNumber(grantedAt) &&
    isTextOrNull(session) &&
    isFlags(flags) &&
    (heir === 0 || isWrittenProcess(heir)) &&
    (revision === undefined || isRevision(revision))
  );
}

function isFlags(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 8;
}

function isWrittenProcess(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [pid, startTime, boot, namespaces, command, machine] = value as unknown[];
  return isProcess({
    pid,
    startTime,
    boot,
    namespaces,
    command,
    machine,
  } satisfies Record<keyof Claim["holder"], unknown>);
}

function isKept(value: unknown): value is Kept {
  return isObject(value) && isText(value["name"]) && isListOf(isAddress, value["addresses"]);
}

const ENDINGS: readonly unknown[] = ["released", "transferred", "reclaimed", "expired"];

function isDeparture(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value["lease"]) &&
    isTextOrNull(value["name"]) &&
    ENDINGS.includes(value["ending"]) &&
    isText(value["boot"]) &&
    isNumber(value["at"]) &&
    isNumber(value["quarantineMs"])
  );
}

function isProcess(value: unknown): boolean {
  return (
    isObject(value) &&
    isRevision(value["pid"]) &&
    isNumber(value["startTime"]) &&
    isText(value["boot"]) &&
    isText(value["namespaces"]) &&
    isText(value["command"]) &&
    (value["machine"] === undefined || isText(value["machine"]))
  );
}

function isWaiter(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value["id"]) &&
    isProcess(value["holder"]) &&
    isTextOrNull(value["name"]) &&
    isPortText(value["ports"]) &&
    isListOf(isTransport, value["protocols"]) &&
    isListOf(isAddress, value["addresses"])
  );
}

function isPortText(value: unknown): boolean {
  try {
    return isText(value) && PortSet.parse(value).size > 0;
  } catch (error) {
    if (PortError.is(error)) return false;
    throw error;
  }
}
