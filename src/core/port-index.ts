// Where ports are held, in one address space: one network (or family) and one protocol.
//
// A port is held on the wildcard address, or on specific ones. The index keeps a bit for each (address,
// port), and the union over all addresses with a count of the holders beyond the first, so that a wildcard
// request never walks the known addresses. It knows no rule of sharing: whether a second holder may stand
// beside the first is the business of the tables above it, which keep what they need of their sharers.

import { PortBits } from "./port-bits.ts";

/** The key of the wildcard address; every other key is the canonical text of a specific one. */
export const WILDCARD = "";

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;

export class PortIndex {
  readonly #wildcard = new PortBits();
  readonly #specific = new Map<string, PortBits>();
  /** The ports held on any address, the wildcard included. */
  readonly #anywhere = new PortBits();
  /** How many addresses hold a port beyond the first one, by pages of PAGE_SIZE ports. */
  readonly #further: (Uint32Array | undefined)[] = [];

  /** Whether this very address holds the port. */
  has(address: string, port: number): boolean {
    return address === WILDCARD
      ? this.#wildcard.has(port)
      : (this.#specific.get(address)?.has(port) ?? false);
  }

  /** Whether nothing is held that overlaps the address: the wildcard overlaps every one. */
  isFree(address: string, port: number): boolean {
    if (address === WILDCARD) return !this.#anywhere.has(port);
    return !this.#wildcard.has(port) && !(this.#specific.get(address)?.has(port) ?? false);
  }

  /** Marks the port as held on the address; false when it was. */
  add(address: string, port: number): boolean {
    let bits = address === WILDCARD ? this.#wildcard : this.#specific.get(address);
    if (!bits) {
      bits = new PortBits();
      this.#specific.set(address, bits);
    }
    if (!bits.add(port)) return false;
    if (!this.#anywhere.add(port)) {
      const page = (this.#further[port >> PAGE_BITS] ??= new Uint32Array(PAGE_SIZE));
      page[port & (PAGE_SIZE - 1)]!++;
    }
    return true;
  }

  /** Marks the port as no longer held on the address; false when it was not. */
  delete(address: string, port: number): boolean {
    const bits = address === WILDCARD ? this.#wildcard : this.#specific.get(address);
    if (!bits?.delete(port)) return false;
    if (bits.size === 0 && address !== WILDCARD) this.#specific.delete(address);
    const page = this.#further[port >> PAGE_BITS];
    if (page !== undefined && page[port & (PAGE_SIZE - 1)]! > 0) page[port & (PAGE_SIZE - 1)]!--;
    else this.#anywhere.delete(port);
    return true;
  }

  /** How many addresses hold the port, the wildcard counted as one. */
  holders(port: number): number {
    if (!this.#anywhere.has(port)) return 0;
    return 1 + (this.#further[port >> PAGE_BITS]?.[port & (PAGE_SIZE - 1)] ?? 0);
  }

  /** The addresses that hold the port. Walks every known address: for messages, not for decisions. */
  *addresses(port: number): IterableIterator<string> {
    if (this.#wildcard.has(port)) yield WILDCARD;
    for (const [address, bits] of this.#specific) if (bits.has(port)) yield address;
  }

  /** Appends the sets whose union is all that overlaps the address, for a search with `nextOutside`. */
  overlapping(address: string, into: PortBits[]): void {
    if (address === WILDCARD) {
      into.push(this.#anywhere);
      return;
    }
    into.push(this.#wildcard);
    const own = this.#specific.get(address);
    if (own) into.push(own);
  }
}
