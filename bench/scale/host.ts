// One host of the simulation: an edge that grants the ports of the blocks it has leased from the centre, and leases or
// gives back a block when it has too few free ports, or more than it needs.

/** How a host deals with its blocks. */
export interface Policy {
  /** Ports of a block. */
  readonly blockSize: number;
  /** Blocks that there are for a host. */
  readonly mostBlocks: number;
  /** It leases a block when fewer ports than this are free in those it has. */
  readonly fewest: number;
  /** It gives an empty block back when more ports than this are free without it. */
  readonly most: number;
}

export class SimulatedHost {
  readonly #policy: Policy;
  /** How many ports of each leased block are granted. */
  readonly #blocks: number[] = [];
  #granted = 0;
  /** Blocks that were leased and given back: what the centre is asked for. */
  central = 0;
  /** Requests that there was no port for. */
  refused = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  get granted(): number {
    return this.#granted;
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  /** Grants a port, of the fullest block that has one: so that others become empty. */
  grant(): void {
    const { blockSize, mostBlocks, fewest } = this.#policy;
    if (this.#free < fewest && this.#blocks.length < mostBlocks) {
      this.#blocks.push(0);
      this.central++;
    }
    let fullest = -1;
    for (let at = 0; at < this.#blocks.length; at++) {
      const used = this.#blocks[at]!;
      if (used < blockSize && (fullest === -1 || used > this.#blocks[fullest]!)) fullest = at;
    }
    if (fullest === -1) {
      this.refused++;
      return;
    }
    this.#blocks[fullest]!++;
    this.#granted++;
  }

  /** Releases one of the granted ports, the `nth` of all. */
  release(nth: number): void {
    const { blockSize, most } = this.#policy;
    let rank = nth;
    for (let at = 0; at < this.#blocks.length; at++) {
      const used = this.#blocks[at]!;
      if (rank >= used) {
        rank -= used;
        continue;
      }
      this.#blocks[at] = used - 1;
      this.#granted--;
      if (used === 1 && this.#free - blockSize > most) {
        this.#blocks.splice(at, 1);
        this.central++;
      }
      return;
    }
  }

  get #free(): number {
    return this.#blocks.length * this.#policy.blockSize - this.#granted;
  }
}
