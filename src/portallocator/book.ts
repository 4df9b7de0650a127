// The book of one protocol and one family: which port is taken on which address, and which port each
// search of a range found last.
//
// A book knows its own family only, so IPv4 and IPv6 never meet. Cursors are not touched by exact requests
// or releases: a port given back is not the next one to be given out.

import { PortError } from "../core/errors.ts";
import type { Family } from "../core/ip-address.ts";
import type { PortBits } from "../core/port-bits.ts";
import { PortIndex, WILDCARD } from "../core/port-index.ts";

export class Book {
  readonly #taken = new PortIndex();
  /** By range (see rangeId) and address: the port found last. */
  readonly #cursors = new Map<number, Map<string, number>>();
  readonly #wildcardText: string;

  constructor(family: Family) {
    this.#wildcardText = family === 4 ? "0.0.0.0" : "::";
  }

  /** @throws PortError `PORT_IN_USE` that names an address which holds the port. */
  expectFree(address: string, port: number): void {
    if (!this.#taken.isFree(address, port)) throw this.#inUse(address, port);
  }

  /** Marks the port as taken on the address, which may have it already. */
  take(address: string, port: number): void {
    this.#taken.add(address, port);
  }

  /** Marks the port as free on the address. It may be so already. */
  release(address: string, port: number): void {
    this.#taken.delete(address, port);
  }

  /** Appends the sets of ports that are not free on the address. */
  notFree(address: string, into: PortBits[]): void {
    this.#taken.overlapping(address, into);
  }

  /** The port found last in the range for the address; the end of the range when none was. */
  cursor(address: string, first: number, last: number): number {
    return this.#cursors.get(rangeId(first, last))?.get(address) ?? last;
  }

  setCursor(address: string, first: number, last: number, port: number): void {
    const id = rangeId(first, last);
    const cursors = this.#cursors.get(id);
    if (cursors) cursors.set(address, port);
    else this.#cursors.set(id, new Map([[address, port]]));
  }

  #inUse(address: string, port: number): PortError<"PORT_IN_USE"> {
    const holder = this.#holder(address, port);
    const text = holder === WILDCARD ? this.#wildcardText : holder;
    const message = `Bind for ${text}:${port} failed: port is already allocated`;
    return new PortError("PORT_IN_USE", message, { address: text, port });
  }

  #holder(address: string, port: number): string {
    if (address !== WILDCARD) return this.#taken.has(WILDCARD, port) ? WILDCARD : address;
    const [holder = WILDCARD] = this.#taken.addresses(port);
    return holder;
  }
}

/** A range as one small integer, which a Map finds without making a string of it. */
function rangeId(first: number, last: number): number {
  return (first << 16) | last;
}
