// The addresses already parsed: hot calls say the same few texts again and again.
//
// It only saves time: an answer from the cache is the answer of IpAddress.parse. It never holds more than
// LIMIT texts, and is emptied when one more comes, so that no caller has to clean it up.

import { IpAddress } from "./ip-address.ts";

const LIMIT = 4096;

export class AddressCache {
  readonly #known = new Map<string, IpAddress>();

  /** @throws PortError `INVALID_ADDRESS` for text that is not an address, each time anew. */
  get(text: string): IpAddress {
    const known = this.#known.get(text);
    if (known) return known;
    const address = IpAddress.parse(text);
    if (this.#known.size === LIMIT) this.#known.clear();
    this.#known.set(text, address);
    return address;
  }
}
