// What a registry remembers of ports that it could not have a moment ago: those come later in its searches.
//
// A hint decides nothing. It only changes the order: a port is refused by what its slot says, read for the
// request, and a search that finds nothing else goes through the hinted ports too.

import type { Transport } from "../core/index.ts";
import type { World } from "./world.ts";

/** For how long a port that somebody else has, or a stranger listens on, is passed over at first. */
export const MEMORY_MS = 1000;

/** 12 days, which is as good as for ever: the hint of a lease is renewed when it ends. */
const LONGEST_MS = 2 ** 30 - 1;

export class Hints {
  readonly #world: World;
  readonly #began: number;
  /** Until when, by protocol. Whole milliseconds since this began stand in the maps as they are, without an object. */
  readonly #until: Readonly<Record<Transport, Map<number, number>>> = { tcp: new Map(), udp: new Map() };

  constructor(world: World) {
    this.#world = world;
    this.#began = world.clock.elapsed();
  }

  /** The port is not to be had for about so long, or until another hint. */
  note(protocols: readonly Transport[], port: number, ms: number): void {
    const until = Math.min(Math.ceil(this.#now() + ms), LONGEST_MS);
    for (const protocol of protocols) this.#until[protocol].set(port, until);
  }

  /** Whether a port is better tried later, as of now. */
  seemsTaken(protocols: readonly Transport[]): (port: number) => boolean {
    const now = this.#now();
    const maps = protocols.map((protocol) => this.#until[protocol]).filter(({ size }) => size > 0);
    return (port) => {
      for (const map of maps) {
        const until = map.get(port);
        if (until === undefined) continue;
        if (until > now) return true;
        map.delete(port);
      }
      return false;
    };
  }

  #now(): number {
    return this.#world.clock.elapsed() - this.#began;
  }
}
