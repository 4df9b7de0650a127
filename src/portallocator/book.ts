// The book of one protocol and one family: which port is taken on which address, and which port each
// search of a range found last.
//
// A book knows its own family only, so IPv4 and IPv6 never meet. Cursors are not touched by exact requests
// or releases: a port given back is not the next one to be given out.

import { PortError } from "../core/errors.ts";
import { type InternedAddress, WILDCARD } from "../core/interned-address.ts";
import type { Family } from "../core/ip-address.ts";
import { PortIndex } from "../core/port-index.ts";
import type { PortUnion } from "../core/port-union.ts";

/** Where a search of one range for one address left off. */
export interface Cursor {
  /** The port found last; the end of the range when none was. */
  port: number;
}

export class Book {
  readonly #taken = new PortIndex();
  /** By the number of the address, then by range; see rangeId. */
  readonly #cursors: (Map<number, Cursor> | undefined)[] = [];
  readonly #wildcardText: string;

  constructor(family: Family) {
    this.#wildcardText = family === 4 ? "0.0.0.0" : "::";
  }

  /** Takes the port on the address alone. @throws PortError `PORT_IN_USE` that names an address which holds it. */
  takeFree(address: InternedAddress, port: number): void {
    if (!this.#taken.take(address, port)) throw this.#inUse(address, port);
  }

  /** @throws PortError `PORT_IN_USE` that names an address which holds the port. */
  expectFree(address: InternedAddress, port: number): void {
    if (!this.#taken.isFree(address, port)) throw this.#inUse(address, port);
  }

  /** Marks the port as taken on the address, which may have it already. */
  take(address: InternedAddress, port: number): void {
    this.#taken.add(address, port);
  }

  /** Marks the port as free on the address. It may be so already. */
  release(address: InternedAddress, port: number): void {
    this.#taken.delete(address, port);
  }

  /** Adds the ports that are not free on the address to a union. */
  notFree(address: InternedAddress, into: PortUnion): void {
    this.#taken.overlapping(address, into);
  }

  /** The cursor of the range for the address. */
  cursor(address: InternedAddress, first: number, last: number): Cursor {
    const known = this.#cursors[address.id]?.get(rangeId(first, last));
    return known ?? this.#newCursor(address, first, last);
  }

  #newCursor(address: InternedAddress, first: number, last: number): Cursor {
    while (this.#cursors.length <= address.id) this.#cursors.push(undefined);
    let cursors = this.#cursors[address.id];
    if (cursors === undefined) {
      cursors = new Map();
      this.#cursors[address.id] = cursors;
      // An address with a cursor keeps its number for good: the cursor outlives the ports.
      address.uses++;
    }
    const cursor = { port: last };
    cursors.set(rangeId(first, last), cursor);
    return cursor;
  }

  #inUse(address: InternedAddress, port: number): PortError<"PORT_IN_USE"> {
    const holder = this.#holder(address, port);
    const message = `Bind for ${holder}:${port} failed: port is already allocated`;
    return new PortError("PORT_IN_USE", message, { address: holder, port });
  }

  #holder(address: InternedAddress, port: number): string {
    if (this.#taken.hasWildcard(port)) return this.#wildcardText;
    if (address.key !== WILDCARD) return address.key;
    const [holder] = this.#taken.specificHolders(port);
    return holder!.key;
  }
}

/** A range as one small integer, which a Map finds without making a string of it. */
function rangeId(first: number, last: number): number {
  return (first << 16) | last;
}
