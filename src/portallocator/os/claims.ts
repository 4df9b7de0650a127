// What one allocator has claimed in its book: each claim is given back once, whoever does it.
//
// A port that was given back can be claimed again at once. So whoever gives back late must not give back what
// is another's by now: a claim is known by its owner, and not by its address and port alone.

import type { PortAllocator } from "../port-allocator.ts";
import type { HostProtocol } from "./host-sockets.ts";

/** What is claimed: one port on all the addresses, which are canonical texts. */
export interface Place {
  readonly ips: readonly string[];
  readonly protocol: HostProtocol;
  readonly port: number;
}

export class Claims {
  readonly #book: PortAllocator;
  readonly #owners = new Map<string, object>();

  constructor(book: PortAllocator) {
    this.#book = book;
  }

  /**
   * Claims the next free port of the range that has not been tried. Those that have are passed over and free
   * again when this returns, so that nobody else sees them claimed.
   *
   * @throws PortError of the book.
   */
  take(wanted: Omit<Place, "port">, start: number, end: number, tried: ReadonlySet<number>): number {
    const { ips, protocol } = wanted;
    const passed: number[] = [];
    try {
      for (;;) {
        const port = this.#book.requestPortsInRange(ips, protocol, start, end);
        if (!tried.has(port)) return port;
        passed.push(port);
      }
    } finally {
      for (const port of passed) this.giveBack({ ...wanted, port });
    }
  }

  /** Says whose the claim is. */
  own(place: Place, owner: object): void {
    for (const ip of place.ips) this.#owners.set(keyOf(ip, place), owner);
  }

  /** Gives the claim back on every address; with an owner, only where it still is the owner's. */
  giveBack(place: Place, owner?: object): void {
    for (const ip of place.ips) {
      const key = keyOf(ip, place);
      if (owner !== undefined && this.#owners.get(key) !== owner) continue;
      this.#owners.delete(key);
      this.#book.releasePort(ip, place.protocol, place.port);
    }
  }
}

function keyOf(ip: string, { protocol, port }: Place): string {
  return `${protocol} ${ip} ${port}`;
}
