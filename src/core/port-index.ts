// Where ports are held, in one address space: one network (or family) and one protocol.
//
// A port is held on the wildcard address, or on specific ones. The index keeps a bit for each (address,
// port), and the union over all addresses with a count of the holders beyond the first, so that a wildcard
// request never walks the known addresses. It knows no rule of sharing: whether a second holder may stand
// beside the first is the business of the tables above it, which keep what they need of their sharers.

import type { InternedAddress } from "./interned-address.ts";
import { PortBits } from "./port-bits.ts";
import type { PortUnion } from "./port-union.ts";

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;

export class PortIndex {
  readonly #wildcard = new PortBits();
  /** By the number of the address, 0 the wildcard. An emptied set stays for the next address with that number. */
  readonly #sets: (PortBits | undefined)[] = [this.#wildcard];
  /** The address that a set belongs to, as long as it has ports; by its number. */
  readonly #owners: (InternedAddress | undefined)[] = [];
  /** The ports held on any address, the wildcard included. */
  readonly #anywhere = new PortBits();
  /** How many addresses hold a port beyond the first one, by pages of PAGE_SIZE ports. */
  readonly #further: (Uint32Array | undefined)[] = [];

  /** Whether this very address holds the port. */
  has(address: InternedAddress, port: number): boolean {
    const bits = this.#sets[address.id];
    return bits !== undefined && bits.has(port);
  }

  /** Whether nothing is held that overlaps the address: the wildcard overlaps every one. */
  isFree(address: InternedAddress, port: number): boolean {
    return !this.#inTheWay(address).has(port) && !this.has(address, port);
  }

  /** Marks the port as held on the address where `isFree`; false where it is not, and nothing changes. */
  take(address: InternedAddress, port: number): boolean {
    return !this.#inTheWay(address).has(port) && this.add(address, port);
  }

  /** Marks the port as held on the address; false when it was. */
  add(address: InternedAddress, port: number): boolean {
    const { id } = address;
    const bits = this.#sets[id] ?? this.#newSet(id);
    if (!bits.add(port)) return false;
    if (bits.size === 1) this.#own(address);
    if (!this.#anywhere.add(port)) this.#countFurther(port);
    return true;
  }

  /** Marks the port as no longer held on the address; false when it was not. */
  delete(address: InternedAddress, port: number): boolean {
    const bits = this.#sets[address.id];
    if (bits === undefined || !bits.delete(port)) return false;
    if (bits.size === 0) address.uses--;
    const further = this.#further[port >> PAGE_BITS];
    if (further === undefined || !dropFurther(further, port)) this.#anywhere.delete(port);
    return true;
  }

  /** How many addresses hold the port, the wildcard counted as one. */
  holders(port: number): number {
    if (!this.#anywhere.has(port)) return 0;
    return 1 + (this.#further[port >> PAGE_BITS]?.[port & (PAGE_SIZE - 1)] ?? 0);
  }

  /** Whether the wildcard address holds the port. */
  hasWildcard(port: number): boolean {
    return this.#wildcard.has(port);
  }

  /** The specific addresses that hold the port. Walks every one: for messages, not for decisions. */
  *specificHolders(port: number): IterableIterator<InternedAddress> {
    for (const [id, bits] of this.#sets.entries()) {
      if (id > 0 && bits?.has(port)) yield this.#owners[id]!;
    }
  }

  /** Adds all that overlaps the address to a union. */
  overlapping({ id }: InternedAddress, into: PortUnion): void {
    if (id === 0) {
      into.add(this.#anywhere);
      return;
    }
    if (this.#wildcard.size > 0) into.add(this.#wildcard);
    const own = this.#sets[id];
    if (own !== undefined && own.size > 0) into.add(own);
  }

  /** The ports that the address cannot have, whatever it has itself: the wildcard's, to the wildcard everyone's. */
  #inTheWay({ id }: InternedAddress): PortBits {
    return id === 0 ? this.#anywhere : this.#wildcard;
  }

  #newSet(id: number): PortBits {
    // Filled up without gaps: an array with holes at its end turns into a slow map.
    while (this.#sets.length <= id) this.#sets.push(undefined);
    return (this.#sets[id] = new PortBits());
  }

  #own(address: InternedAddress): void {
    address.uses++;
    if (this.#owners[address.id] !== address) this.#owners[address.id] = address;
  }

  #countFurther(port: number): void {
    const page = (this.#further[port >> PAGE_BITS] ??= new Uint32Array(PAGE_SIZE));
    page[port & (PAGE_SIZE - 1)]!++;
  }
}

/** Takes one of the further holders of a port away; false when there is none. */
function dropFurther(page: Uint32Array, port: number): boolean {
  const index = port & (PAGE_SIZE - 1);
  if (page[index] === 0) return false;
  page[index]!--;
  return true;
}
