// The yardstick for PortManager: the documented package written the obvious way, a Map by network, transport
// and port, of Maps by address. It does what ours does for reservations with and without `reuse`.

interface Hold {
  reuse: boolean;
  count: number;
}

export interface YardstickReservation {
  readonly networks: readonly number[];
  readonly transport: number;
  readonly address: string;
  readonly port: number;
  readonly flags?: { readonly loadBalanced?: boolean } | undefined;
}

export class YardstickPortManager {
  readonly #holds = new Map<number, Map<string, Hold>>();
  readonly #random: () => number;
  #first = 16000;
  #last = 65535;

  constructor({ random = Math.random }: { readonly random?: () => number } = {}) {
    this.#random = random;
  }

  setPortRange(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
  }

  isPortAvailable({ networks, transport, address, port, flags }: YardstickReservation): boolean {
    return this.#isAvailable(networks, transport, address, port, flags?.loadBalanced === true, false);
  }

  reservePort({ networks, transport, address, port, flags }: YardstickReservation): number {
    const reuse = flags?.loadBalanced === true;
    if (port !== 0) {
      if (!this.#isAvailable(networks, transport, address, port, reuse, false))
        throw new Error("port in use");
      this.#hold(networks, transport, address, port, reuse);
      return port;
    }
    const count = this.#last - this.#first + 1;
    const start = Math.floor(this.#random() * count);
    for (let i = 0; i < count; i++) {
      const candidate = this.#first + ((start + i) % count);
      if (this.#isAvailable(networks, transport, address, candidate, reuse, transport === 6)) {
        this.#hold(networks, transport, address, candidate, reuse);
        return candidate;
      }
    }
    throw new Error("no port available");
  }

  releasePort({ networks, transport, address, port, flags }: YardstickReservation): void {
    const reuse = flags?.loadBalanced === true;
    for (const network of networks) {
      const key = keyOf(network, transport, port);
      const byAddress = this.#holds.get(key);
      const hold = byAddress?.get(address);
      if (!byAddress || !hold || hold.reuse !== reuse) continue;
      if (--hold.count > 0) continue;
      byAddress.delete(address);
      if (byAddress.size === 0) this.#holds.delete(key);
    }
  }

  #isAvailable(
    networks: readonly number[],
    transport: number,
    address: string,
    port: number,
    reuse: boolean,
    alone: boolean,
  ): boolean {
    for (const network of networks) {
      const byAddress = this.#holds.get(keyOf(network, transport, port));
      if (!byAddress) continue;
      if (address === "") {
        for (const hold of byAddress.values()) if (alone || !reuse || !hold.reuse) return false;
      } else {
        const wildcard = byAddress.get("");
        if (wildcard && (alone || !reuse || !wildcard.reuse)) return false;
        const same = byAddress.get(address);
        if (same && (alone || !reuse || !same.reuse)) return false;
      }
    }
    return true;
  }

  #hold(networks: readonly number[], transport: number, address: string, port: number, reuse: boolean): void {
    for (const network of networks) {
      const key = keyOf(network, transport, port);
      let byAddress = this.#holds.get(key);
      if (!byAddress) {
        byAddress = new Map();
        this.#holds.set(key, byAddress);
      }
      const hold = byAddress.get(address);
      if (hold) hold.count++;
      else byAddress.set(address, { reuse, count: 1 });
    }
  }
}

/** One number for network, transport and port: the fastest key a Map takes. */
function keyOf(network: number, transport: number, port: number): number {
  return (network * 256 + transport) * 65_536 + port;
}
