// A strict, immutable IP address value, after Go's net/netip.
//
// Two addresses are the same exactly when their `text` is: it is the canonical form (RFC 5952 for IPv6), so
// it serves as a key. Nothing is guessed: "1", "0x7f.1" and "010.0.0.1", which older parsers read as
// 0.0.0.1, 127.0.0.1 and 8.0.0.1, are refused with the place where they go wrong.

import { PortError } from "./errors.ts";
import { expectString } from "./expect.ts";

export type Family = 4 | 6;

/**
 * An IPv4 or IPv6 address, with an IPv6 zone where the text has one.
 *
 * @example
 * IpAddress.parse("2001:DB8:0:0::1").text; //=> "2001:db8::1"
 * IpAddress.parse("::ffff:10.0.0.1").unmap().text; //=> "10.0.0.1"
 */
export class IpAddress {
  readonly family: Family;
  /** The canonical text, zone included. */
  readonly text: string;
  /** The scope id of a link-local IPv6 address ("eth0" in fe80::1%eth0), or "". */
  readonly zone: string;
  /** Whether this is the wildcard address of its family: 0.0.0.0 or ::. */
  readonly isUnspecified: boolean;
  /** Four octets or eight 16-bit groups. */
  readonly #parts: readonly number[];

  private constructor(family: Family, parts: readonly number[], zone: string) {
    this.family = family;
    this.zone = zone;
    this.#parts = parts;
    this.isUnspecified = zone === "" && parts.every((part) => part === 0);
    const bare = family === 4 ? parts.join(".") : formatIPv6(parts);
    this.text = zone === "" ? bare : `${bare}%${zone}`;
  }

  /**
   * The address that `text` says.
   *
   * @throws PortError `INVALID_ADDRESS` with the input and the position (from 0) where it stops being one.
   */
  static parse(text: string): IpAddress {
    expectString("address", text);
    if (!text.includes(":")) return new IpAddress(4, parseIPv4(text, 0, text), "");
    const percent = text.indexOf("%");
    const zone = percent === -1 ? "" : text.slice(percent + 1);
    if (percent !== -1 && zone === "") throw invalid(text, percent, "the zone after % is empty");
    const blank = /[\s%]/u.exec(zone);
    if (blank) throw invalid(text, percent + 1 + blank.index, "a zone has no blanks and no second %");
    return new IpAddress(6, parseIPv6(text, percent === -1 ? text.length : percent), zone);
  }

  /** As `parse`, with `undefined` in place of the error. */
  static tryParse(text: string): IpAddress | undefined {
    try {
      return IpAddress.parse(text);
    } catch (error) {
      if (PortError.is(error)) return undefined;
      throw error;
    }
  }

  get isLoopback(): boolean {
    if (this.family === 4) return this.#parts[0] === 127;
    return this.#parts.every((part, index) => part === (index === 7 ? 1 : 0));
  }

  /** Whether this is an IPv4 address written as IPv6, ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
  get isIPv4Mapped(): boolean {
    return this.family === 6 && isMapped(this.#parts);
  }

  /**
   * Whether the address is one of a single link, so that its zone decides which one is meant: fe80::/10, and
   * IPv6 multicast of the interface or link scope. The kernel ignores the zone of every other address.
   */
  get isLinkLocal(): boolean {
    if (this.family === 4) return false;
    const group = this.#parts[0]!;
    const scope = group & 0x000f;
    return (group & 0xffc0) === 0xfe80 || ((group & 0xff00) === 0xff00 && (scope === 1 || scope === 2));
  }

  /** The IPv4 address behind an IPv4-mapped one; any other address as it is. */
  unmap(): IpAddress {
    if (!this.isIPv4Mapped) return this;
    const [high, low] = [this.#parts[6]!, this.#parts[7]!];
    return new IpAddress(4, [high >> 8, high & 0xff, low >> 8, low & 0xff], "");
  }

  /** The same address without its zone. */
  withoutZone(): IpAddress {
    return this.zone === "" ? this : new IpAddress(this.family, this.#parts, "");
  }

  equals(other: IpAddress): boolean {
    return this.text === other.text;
  }

  /** Order for sorting: IPv4 before IPv6, then by number, then by zone. */
  compare(other: IpAddress): number {
    if (this.family !== other.family) return this.family - other.family;
    for (const [index, part] of this.#parts.entries()) {
      const difference = part - other.#parts[index]!;
      if (difference !== 0) return difference;
    }
    return this.zone < other.zone ? -1 : this.zone > other.zone ? 1 : 0;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

function invalid(input: string, position: number, why: string): PortError<"INVALID_ADDRESS"> {
  const message = `invalid IP address ${JSON.stringify(input)}: ${why} (at position ${position})`;
  return new PortError("INVALID_ADDRESS", message, { input, position });
}

/** The four octets of `text`, which stands in `input` from `offset` on. */
function parseIPv4(text: string, offset: number, input: string): number[] {
  const octets: number[] = [];
  let start = 0;
  for (;;) {
    let end = start;
    while (end < text.length && isDigit(text.charCodeAt(end))) end++;
    const digits = text.slice(start, end);
    const at = offset + start;
    if (digits === "")
      throw invalid(input, at, start < text.length ? "expected a digit" : "it ends too early");
    if (digits.length > 1 && digits.startsWith("0"))
      throw invalid(input, at, `"${digits}" has a leading zero`);
    if (digits.length > 3 || Number(digits) > 255) throw invalid(input, at, `"${digits}" is larger than 255`);
    octets.push(Number(digits));
    if (octets.length === 4) {
      if (end < text.length) throw invalid(input, offset + end, "nothing may follow the fourth number");
      return octets;
    }
    if (end === text.length) throw invalid(input, offset + end, "an IPv4 address has four numbers");
    if (text[end] !== ".") throw invalid(input, offset + end, "expected a dot");
    start = end + 1;
  }
}

/** The eight groups of `input`, read up to `end`, where a zone may begin. */
function parseIPv6(input: string, end: number): number[] {
  const groups: number[] = [];
  let ellipsis = -1;
  let at = 0;
  if (input.startsWith("::")) {
    ellipsis = 0;
    at = 2;
  }
  while (at < end) {
    if (groups.length === 8) throw invalid(input, at, "more than eight groups");
    let stop = at;
    while (stop < end && isHexDigit(input.charCodeAt(stop))) stop++;
    if (stop < end && input[stop] === ".") {
      if (groups.length > 6) throw invalid(input, at, "no room for an IPv4 address here");
      const [a, b, c, d] = parseIPv4(input.slice(at, end), at, input) as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
      at = end;
      break;
    }
    if (stop === at) throw invalid(input, at, "expected a hexadecimal digit");
    if (stop - at > 4) throw invalid(input, at, "a group has at most four digits");
    groups.push(Number.parseInt(input.slice(at, stop), 16));
    at = stop;
    if (at === end) break;
    if (input[at] !== ":") throw invalid(input, at, "expected a colon");
    if (input[at + 1] === ":" && at + 1 < end) {
      if (ellipsis !== -1) throw invalid(input, at, "only one :: is allowed");
      ellipsis = groups.length;
      at += 2;
    } else {
      at += 1;
      if (at === end) throw invalid(input, at - 1, "it ends with a colon");
    }
  }
  if (ellipsis === -1) {
    if (groups.length < 8) throw invalid(input, end, "fewer than eight groups");
    return groups;
  }
  if (groups.length === 8) throw invalid(input, end, "the :: stands for nothing");
  const zeros = Array.from({ length: 8 - groups.length }, () => 0);
  return [...groups.slice(0, ellipsis), ...zeros, ...groups.slice(ellipsis)];
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
function formatIPv6(groups: readonly number[]): string {
  if (isMapped(groups)) {
    const [high, low] = [groups[6]!, groups[7]!];
    return `::ffff:${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
    i += run;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start === -1) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}
