// What a registry remembers of ports that it could not have a moment ago: those come later in its searches.
//
// A hint decides nothing. It only changes the order: a port is refused by what its slot says, read for the
// request, and a search that finds nothing else goes through the hinted ports too.

import type { Transport } from "../core/index.ts";
import type { World } from "./world.ts";

/** For how long a port that somebody else has, or a stranger listens on, is passed over at first. */
export const MEMORY_MS = 1000;

export class Hints {
  readonly #world: World;
  /** Until when, in milliseconds of the clock's `elapsed`, by protocol. */
  readonly #until: Readonly<Record<Transport, Map<number, number>>> = { tcp: new Map(), udp: new Map() };

  constructor(world: World) {
    this.#world = world;
  }

  /** The port is not to be had for about so long; `Infinity`: until another hint. */
  note(protocols: readonly Transport[], port: number, ms: number): void {
    const until = this.#world.clock.elapsed() + ms;
    for (const protocol of protocols) this.#until[protocol].set(port, until);
  }

  /** Whether a port is better tried later, as of now. */
  seemsTaken(protocols: readonly Transport[]): (port: number) => boolean {
    const now = this.#world.clock.elapsed();
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
}
