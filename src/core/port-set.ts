// Ports as people write them: "3000-3999,!3306". An immutable set of ports from 1 to 65535.
//
// An exclusion wins wherever it stands in the text. Nothing is guessed: blanks, signs, leading zeros, a
// backwards range and a text of exclusions alone are refused, with the place where they stand.

import { PortError } from "./errors.ts";
import { expectInteger, expectPort, expectString, MAX_PORT, MIN_PORT } from "./expect.ts";
import { PortBits } from "./port-bits.ts";

/**
 * An immutable set of ports, 1 to 65535.
 *
 * @example
 * const ports = PortSet.parse("3000-3002,8080,!3001");
 * [...ports]; //=> [3000, 3002, 8080]
 * String(ports); //=> "3000,3002,8080"
 */
export class PortSet implements Iterable<number> {
  readonly #bits: PortBits;

  private constructor(bits: PortBits) {
    this.#bits = bits;
  }

  /**
   * @throws PortError `INVALID_PORT` for what is not a port, `INVALID_PORT_RANGE` for a range that is
   * backwards or a set that has no port.
   */
  static parse(text: string): PortSet {
    expectString("ports", text);
    const included = new PortBits();
    const excluded: [first: number, last: number][] = [];
    let offset = 0;
    for (const item of text.split(",")) {
      const negated = item.startsWith("!");
      const [first, last] = parseRange(item.slice(negated ? 1 : 0), offset + (negated ? 1 : 0), text);
      if (negated) excluded.push([first, last]);
      else included.addRange(first, last);
      offset += item.length + 1;
    }
    if (included.size === 0) {
      throw empty(text, "it only says which ports to leave out; write 1-65535 before it to mean all others");
    }
    for (const [first, last] of excluded) {
      for (let port = first; port <= last; port++) included.delete(port);
    }
    if (included.size === 0) throw empty(text, "no port is left");
    return new PortSet(included);
  }

  /** The set of these port numbers. */
  static of(ports: Iterable<number>): PortSet {
    const bits = new PortBits();
    for (const port of ports) bits.add(expectPort("ports", port));
    if (bits.size === 0) throw empty("", "no port is left");
    return new PortSet(bits);
  }

  /** The ports from `first` to `last`, both included. */
  static range(first: number, last: number): PortSet {
    expectPort("first", first);
    expectPort("last", last);
    if (first > last) throw backwards(`${first}-${last}`, first, last);
    const bits = new PortBits();
    bits.addRange(first, last);
    return new PortSet(bits);
  }

  get size(): number {
    return this.#bits.size;
  }

  /** Whether the set has the port; no for what is not a port at all. */
  has(port: number): boolean {
    return isPort(port) && this.#bits.has(port);
  }

  /** The port that has exactly `rank` smaller ones in the set. */
  nth(rank: number): number {
    return this.#bits.nth(expectInteger("rank", rank, 0, this.size - 1));
  }

  /** The smallest port of the set at or after `port`, or `undefined`; `port` may be 0 and 65536 as well. */
  next(port: number): number | undefined {
    expectInteger("port", port, 0, MAX_PORT + 1);
    const found = port > MAX_PORT ? -1 : this.#bits.nextInside(port, MAX_PORT);
    return found === -1 ? undefined : found;
  }

  /** This set without the given ports, 0 to 65535, whether it has them or not; it may be empty. */
  without(ports: Iterable<number>): PortSet {
    const bits = this.#bits.copy();
    for (const port of ports) bits.delete(expectInteger("ports", port, 0, MAX_PORT));
    return new PortSet(bits);
  }

  [Symbol.iterator](): IterableIterator<number> {
    return this.#bits[Symbol.iterator]();
  }

  /** The shortest text that says the set: "3000-3002,8080". */
  toString(): string {
    const runs: string[] = [];
    let first = this.next(MIN_PORT);
    while (first !== undefined) {
      let last = first;
      while (this.has(last + 1)) last++;
      runs.push(first === last ? `${first}` : `${first}-${last}`);
      first = this.next(last + 1);
    }
    return runs.join(",");
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * The port that `text` says: decimal digits and nothing else, 1 to 65535.
 *
 * @throws PortError `INVALID_PORT` with the position (from 0) of the first character that does not belong.
 */
export function parsePort(text: string): number {
  return portAt(expectString("port", text), 0, text);
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= MIN_PORT && value <= MAX_PORT;
}

function parseRange(item: string, offset: number, input: string): [number, number] {
  const dash = item.indexOf("-", 1);
  const first = portAt(dash === -1 ? item : item.slice(0, dash), offset, input);
  if (dash === -1) return [first, first];
  const last = portAt(item.slice(dash + 1), offset + dash + 1, input);
  if (first > last) throw backwards(input, first, last);
  return [first, last];
}

function portAt(text: string, offset: number, input: string): number {
  const stray = /[^0-9]/u.exec(text);
  if (text === "") throw invalid(input, offset, "expected a digit");
  if (stray) throw invalid(input, offset + stray.index, `${JSON.stringify(stray[0])} is not a digit`);
  if (text.length > 1 && text.startsWith("0")) throw invalid(input, offset, "a port has no leading zero");
  const port = Number(text);
  if (port < MIN_PORT || port > MAX_PORT) throw invalid(input, offset, `${text} is not from 1 to 65535`);
  return port;
}

function invalid(input: string, position: number, why: string): PortError<"INVALID_PORT"> {
  const message = `invalid port ${JSON.stringify(input)}: ${why} (at position ${position})`;
  return new PortError("INVALID_PORT", message, { input, position });
}

function backwards(input: string, first: number, last: number): PortError<"INVALID_PORT_RANGE"> {
  const message = `invalid port range ${JSON.stringify(input)}: ${first} is larger than ${last}`;
  return new PortError("INVALID_PORT_RANGE", message, { input });
}

function empty(input: string, why: string): PortError<"INVALID_PORT_RANGE"> {
  return new PortError("INVALID_PORT_RANGE", `invalid ports ${JSON.stringify(input)}: ${why}`, { input });
}
