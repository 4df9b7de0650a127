// What a request may say: a protocol, a range of ports, addresses. Every check stands before the first
// change, so that a refused request leaves the books as they were.

import { PortError } from "../core/errors.ts";
import { describe, MAX_PORT, MIN_PORT } from "../core/expect.ts";
import type { AddressInterner, InternedAddress } from "../core/interned-address.ts";
import { IpAddress } from "../core/ip-address.ts";

/** What books are kept for. */
export type Protocol = "tcp" | "udp" | "sctp";

/** Whether the value is a whole number from 1 to 65535. */
function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= MIN_PORT && (value as number) <= MAX_PORT;
}

/** Whether both are ports, the start not behind the end. */
export function isRange(start: unknown, end: unknown): boolean {
  return isPort(start) && isPort(end) && (start as number) <= (end as number);
}

/** @throws PortError `INVALID_PORT_RANGE`, unless it is 0, 0: the default range. */
export function expectRange(portStart: number, portEnd: number): void {
  if (portStart === 0 && portEnd === 0) return;
  if (!isRange(portStart, portEnd)) throw invalidRange("portStart", portStart, "portEnd", portEnd);
}

/** The refusal of what is no range. @throws TypeError that names the option of what is not even a number. */
export function invalidRange(
  startOption: string,
  start: unknown,
  endOption: string,
  end: unknown,
): PortError<"INVALID_PORT_RANGE"> {
  expectNumber(startOption, start);
  expectNumber(endOption, end);
  const input = `${String(start)}-${String(end)}`;
  return new PortError("INVALID_PORT_RANGE", `invalid port range: ${input}`, { input });
}

function expectNumber(option: string, value: unknown): void {
  if (typeof value === "number") return;
  throw new TypeError(`\`${option}\`: expected a port number, received ${describe(value)}`);
}

export function unknownProtocol(value: unknown): PortError<"UNKNOWN_PROTOCOL"> {
  const message = `unknown protocol: expected tcp, udp or sctp, received ${describe(value)}`;
  return new PortError("UNKNOWN_PROTOCOL", message, {
    input: typeof value === "string" ? value : describe(value),
  });
}

/** The address that a text says: an IPv4-mapped one is the IPv4 address it maps to. */
export function readAddress(text: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address.zone === "") return address.unmap();
  const position = text.indexOf("%");
  const message = `invalid IP address ${JSON.stringify(text)}: no zone may stand here (at position ${position})`;
  throw new PortError("INVALID_ADDRESS", message, { input: text, position });
}

/** The text of the address that one `ip` names; null is 0.0.0.0. */
export function textOf(ip: string | null): string {
  if (ip === null) return "0.0.0.0";
  if (typeof ip !== "string") throw notAnAddress(ip);
  return ip;
}

function notAnAddress(ip: unknown): TypeError {
  return new TypeError(`\`ip\`: expected an IP address or null, received ${describe(ip)}`);
}

/** Puts the addresses of a list, which has at least one and no null, into `into` and returns their number. */
export function addressesOf(
  addresses: AddressInterner,
  ips: readonly string[],
  into: InternedAddress[],
): number {
  expectList(ips);
  for (let i = 0; i < ips.length; i++) into[i] = addresses.get(listedText(ips[i]!));
  return ips.length;
}

/** @throws what stands against a list of addresses as a list. */
export function expectList(ips: readonly string[]): void {
  if (!Array.isArray(ips)) {
    throw new TypeError(`\`ips\`: expected an array of IP addresses, received ${describe(ips)}`);
  }
  if (ips.length === 0) {
    throw new PortError("INVALID_ADDRESS", "no IP addresses specified", { input: "", position: 0 });
  }
}

/** The text of an address in a list, where null means nothing. */
export function listedText(ip: string | null): string {
  if (ip !== null) return textOf(ip);
  const message = "invalid IP address: null stands in a list of addresses";
  throw new PortError("INVALID_ADDRESS", message, { input: "null", position: 0 });
}
