// PortAllocator: the ports a container engine gave out, by address and protocol.
//
// What a request needs is free on all its addresses, or nothing is taken; only the addresses it names are
// marked. 0.0.0.0 and an IPv4 address exclude one another, :: and an IPv6 address too; the families never
// meet. A search starts behind the port that was found last, so a port given back rests for a while.

import { PortError } from "../core/errors.ts";
import { describe, expectOptions, expectPort, MAX_PORT } from "../core/expect.ts";
import { AddressInterner, type InternedAddress } from "../core/interned-address.ts";
import { PortBits } from "../core/port-bits.ts";
import { PortUnion } from "../core/port-union.ts";
import { Book } from "./book.ts";
import {
  addressesOf,
  expectRange,
  invalidRange,
  isRange,
  type Protocol,
  readAddress,
  textOf,
  unknownProtocol,
} from "./request.ts";

export interface PortAllocatorOptions {
  /** The first port that is given out when none is named. @default 49153 */
  readonly begin?: number | undefined;
  /** The last one. @default 65535 */
  readonly end?: number | undefined;
  /** Ports that are given out only to who names them, or a range with them. @default none */
  readonly reserved?: Iterable<number> | undefined;
}

const OPTIONS = ["begin", "end", "reserved"] as const satisfies readonly (keyof PortAllocatorOptions)[];
const DEFAULT_BEGIN = 49153;

/** The books of one protocol. */
interface Books {
  readonly v4: Book;
  readonly v6: Book;
}

/**
 * Gives out ports by address and protocol and takes them back. It keeps a book and nothing else: no socket
 * is opened, so programs outside the book are unknown to it. Nothing waits: each call is done when it returns.
 *
 * Every request throws a PortError, and changes nothing, with the code `UNKNOWN_PROTOCOL`,
 * `INVALID_PORT_RANGE` (a port outside 1–65535, not whole, or a start behind its end) or `INVALID_ADDRESS`,
 * looked at in this order. Addresses are IPv4 or IPv6 text without a zone.
 *
 * @example
 * const allocator = new PortAllocator({ begin: 30000, end: 30999 });
 * allocator.requestPort("10.0.0.1", "tcp", 8080); //=> 8080
 * allocator.requestPort(null, "tcp", 0); //=> 30000
 * allocator.requestPortsInRange(["127.0.0.1", "::1"], "tcp", 8080, 8090); //=> 8080
 * allocator.releasePort("10.0.0.1", "tcp", 8080);
 */
export class PortAllocator {
  readonly #begin: number;
  readonly #end: number;
  readonly #reserved: PortBits;
  /** The addresses of the request under way are the first `#count`. */
  readonly #named: InternedAddress[] = [];
  #count = 0;
  /** What its search must stay outside of. */
  readonly #union = new PortUnion();
  #addresses = new AddressInterner(readAddress);
  #books: Readonly<Record<Protocol, Books>> = newBooks();

  /**
   * @throws PortError `INVALID_PORT_RANGE`. TypeError or RangeError for reserved ports that are none.
   */
  constructor(options: PortAllocatorOptions = {}) {
    expectOptions("PortAllocator", options, OPTIONS);
    const { begin = DEFAULT_BEGIN, end = MAX_PORT, reserved = [] } = options;
    if (!isRange(begin, end)) throw invalidRange("begin", begin, "end", end);
    this.#begin = begin;
    this.#end = end;
    this.#reserved = PortBits.from(expectReserved(reserved));
  }

  /**
   * Takes one certain port, or with port 0 the next free one of the default range.
   *
   * @param ip `null` means 0.0.0.0.
   * @returns The port.
   * @throws PortError `PORT_IN_USE` with an `address` that holds the `port`; `NO_PORT_AVAILABLE` for port 0.
   * @example
   * allocator.requestPort("10.0.0.1", "tcp", 80); //=> 80
   */
  requestPort(ip: string | null, protocol: Protocol, port: number): number {
    const books = this.#booksOf(protocol);
    if (port !== 0 && !isRange(port, port)) throw invalidRange("port", port, "port", port);
    return this.#grantOne(books, ip, port, port);
  }

  /**
   * Takes the next free port from `portStart` to `portEnd`, both included; 0, 0 is the default range without
   * the reserved ports, and a range of one port is that certain port.
   *
   * @param ip `null` means 0.0.0.0.
   * @returns The port.
   * @throws PortError `NO_PORT_AVAILABLE`; `PORT_IN_USE` for a range of one port.
   * @example
   * allocator.requestPortInRange("::1", "udp", 8080, 8090); //=> 8080
   */
  requestPortInRange(ip: string | null, protocol: Protocol, portStart: number, portEnd: number): number {
    const books = this.#booksOf(protocol);
    expectRange(portStart, portEnd);
    return this.#grantOne(books, ip, portStart, portEnd);
  }

  /**
   * As `requestPortInRange`, one number that is free on all the addresses, or nothing is taken. Each address
   * is released for itself.
   *
   * @param ips At least one; `null` is not allowed here.
   * @returns The port.
   * @throws PortError `NO_PORT_AVAILABLE`; `PORT_IN_USE` for a range of one port.
   * @example
   * allocator.requestPortsInRange(["10.0.0.1", "2001:db8::1"], "tcp", 0, 0); //=> 49153
   */
  requestPortsInRange(
    ips: readonly string[],
    protocol: Protocol,
    portStart: number,
    portEnd: number,
  ): number {
    const books = this.#booksOf(protocol);
    expectRange(portStart, portEnd);
    this.#addresses.tidy();
    this.#count = addressesOf(this.#addresses, ips, this.#named);
    return this.#grant(books, portStart, portEnd);
  }

  /**
   * Gives one port of one address back; one that is not taken stays so.
   *
   * @param ip `null` means 0.0.0.0. It is this very address: releasing 0.0.0.0 leaves 10.0.0.1 alone.
   * @throws PortError `UNKNOWN_PROTOCOL`, `INVALID_PORT_RANGE`, `INVALID_ADDRESS`.
   * @example
   * allocator.releasePort("10.0.0.1", "tcp", 80);
   */
  releasePort(ip: string | null, protocol: Protocol, port: number): void {
    const books = this.#booksOf(protocol);
    if (!isRange(port, port)) throw invalidRange("port", port, "port", port);
    const address = this.#addresses.begin(textOf(ip));
    bookOf(books, address).release(address, port);
  }

  /** Gives everything back, as if no port had ever been given out. The range and the reserved ports stay. */
  releaseAll(): void {
    this.#addresses = new AddressInterner(readAddress);
    this.#books = newBooks();
  }

  /** The first and the last port of the default range. */
  portRange(): { begin: number; end: number } {
    return { begin: this.#begin, end: this.#end };
  }

  #booksOf(protocol: Protocol): Books {
    switch (protocol) {
      case "tcp":
        return this.#books.tcp;
      case "udp":
        return this.#books.udp;
      case "sctp":
        return this.#books.sctp;
      default:
        throw unknownProtocol(protocol);
    }
  }

  #grantOne(books: Books, ip: string | null, start: number, end: number): number {
    const address = this.#addresses.begin(textOf(ip));
    if (start !== 0 && start === end) {
      bookOf(books, address).takeFree(address, start);
      return start;
    }
    this.#named[0] = address;
    this.#count = 1;
    return this.#grant(books, start, end);
  }

  /** Grants a port of the range on all the named addresses. */
  #grant(books: Books, start: number, end: number): number {
    if (start === 0) return this.#search(books, this.#begin, this.#end, this.#reserved);
    if (start !== end) return this.#search(books, start, end, undefined);
    const named = this.#named;
    for (let i = 0; i < this.#count; i++) bookOf(books, named[i]!).expectFree(named[i]!, start);
    for (let i = 0; i < this.#count; i++) bookOf(books, named[i]!).take(named[i]!, start);
    return start;
  }

  /** Takes the first free port behind the cursor of the first address and moves the cursors of all to it. */
  #search(books: Books, first: number, last: number, except: PortBits | undefined): number {
    const named = this.#named;
    const union = this.#union;
    const leading = bookOf(books, named[0]!).cursor(named[0]!, first, last);
    const cursor = leading.port;
    union.clear();
    if (except !== undefined && except.size > 0) union.add(except);
    for (let i = 0; i < this.#count; i++) bookOf(books, named[i]!).notFree(named[i]!, union);
    let port = cursor === last ? -1 : union.nextOutside(cursor + 1, last);
    if (port === -1) port = union.nextOutside(first, cursor);
    if (port === -1) throw new PortError("NO_PORT_AVAILABLE", "all ports are allocated", {});
    leading.port = port;
    for (let i = 0; i < this.#count; i++) {
      const book = bookOf(books, named[i]!);
      book.take(named[i]!, port);
      if (i > 0) book.cursor(named[i]!, first, last).port = port;
    }
    return port;
  }
}

function newBooks(): Record<Protocol, Books> {
  return {
    tcp: { v4: new Book(4), v6: new Book(6) },
    udp: { v4: new Book(4), v6: new Book(6) },
    sctp: { v4: new Book(4), v6: new Book(6) },
  };
}

function bookOf(books: Books, address: InternedAddress): Book {
  return address.family === 4 ? books.v4 : books.v6;
}

function* expectReserved(reserved: Iterable<number>): IterableIterator<number> {
  if (typeof (reserved as Partial<Iterable<number>> | null)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`\`reserved\`: expected an iterable of ports, received ${describe(reserved)}`);
  }
  for (const port of reserved) yield expectPort("reserved", port);
}
