// What a registry remembers of ports that it could not have a moment ago: those come later in its searches.
//
// A hint decides nothing. It only changes the order: a port is refused by what its slot says, read for the
// request, and a search that finds nothing else goes through the hinted ports too. They stand in sets of bits, so
// that a search steps over a thousand of them at a time.

import type { Transport } from "../core/index.ts";
import { MAX_PORT } from "../core/expect.ts";
import { PortBits } from "../core/port-bits.ts";
import { PortUnion } from "../core/port-union.ts";
import type { World } from "./world.ts";

/** For how long a port that somebody else has, or a stranger listens on, is passed over at first. */
export const MEMORY_MS = 1000;

/** Twice as many as there are ports, of both protocols. */
const MOST_ENDS = 4 * MAX_PORT;

/** The hints for a request. */
export interface SeemsTaken {
  has(port: number): boolean;
  /** The first port at or after this one that does not seem taken, or `undefined`. */
  nextOther(port: number): number | undefined;
}

interface Expiry {
  readonly at: number;
  readonly protocol: Transport;
  readonly port: number;
}

/** The ports that a call is after, which others of the same registry leave alone until it is over. */
export interface Seeking {
  add(protocols: readonly Transport[], ports: readonly number[]): void;
  end(): void;
}

export class Hints {
  readonly #world: World;
  readonly #taken: Readonly<Record<Transport, PortBits>> = { tcp: new PortBits(), udp: new PortBits() };
  /** What the store's watch says is taken, until it says otherwise; `undefined`: there is none. */
  #followed: Readonly<Record<Transport, PortBits>> | undefined;
  /** What calls are after. */
  readonly #sought: Readonly<Record<Transport, PortBits>> = { tcp: new PortBits(), udp: new PortBits() };
  /** For each choice of protocols, what reads these sets as one. */
  readonly #seeming = new Map<string, SeemsTaken>();
  /** Where in a pool this registry looks first; see order.ts. */
  #home: number | undefined;
  /** Until when, for those that end; milliseconds of the clock's `elapsed`. */
  readonly #until: Readonly<Record<Transport, Map<number, number>>> = { tcp: new Map(), udp: new Map() };
  /** For each length of time the ends to come, in their order: who was noted first ends first. */
  readonly #ends = new Map<number, Expiry[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The port is not to be had for so long; `Infinity`: until another hint. */
  note(protocols: readonly Transport[], port: number, ms: number): void {
    for (const protocol of protocols) {
      if (ms > 0) this.#taken[protocol].add(port);
      else this.#taken[protocol].delete(port);
      if (ms > 0 && ms < Infinity) this.#endLater(protocol, port, ms);
      else this.#until[protocol].delete(port);
    }
  }

  /** Others were quicker at a port: this registry looks elsewhere from now on. */
  leaveHome(): void {
    this.#home = undefined;
  }

  readonly home = (): number => (this.#home ??= this.#world.chance.random());

  /** Begins a call that is after ports. */
  seek(): Seeking {
    const added: (readonly [protocols: readonly Transport[], ports: readonly number[]])[] = [];
    return {
      add: (protocols, ports) => {
        added.push([protocols, ports]);
        for (const protocol of protocols) for (const port of ports) this.#sought[protocol].add(port);
      },
      end: () => {
        for (const [protocols, ports] of added) {
          for (const protocol of protocols) for (const port of ports) this.#sought[protocol].delete(port);
        }
      },
    };
  }

  /** What the watch of the store says of a port. */
  noteFollowed(protocol: Transport, port: number, isTaken: boolean): void {
    if (!this.#followed) {
      this.#followed = { tcp: new PortBits(), udp: new PortBits() };
      this.#seeming.clear();
    }
    if (isTaken) this.#followed[protocol].add(port);
    else this.#followed[protocol].delete(port);
  }

  /** The watch begins anew, with all there is. */
  forgetFollowed(): void {
    this.#followed = undefined;
    this.#seeming.clear();
  }

  /** What seems taken now, for as long as nothing else is noted. */
  seemsTaken(protocols: readonly Transport[]): SeemsTaken {
    this.#forgetWhatEnded();
    const id = protocols.join(" ");
    const known = this.#seeming.get(id) ?? this.#seemingBy(protocols);
    this.#seeming.set(id, known);
    return known;
  }

  #seemingBy(protocols: readonly Transport[]): SeemsTaken {
    const sets = protocols.flatMap((protocol) => [this.#taken[protocol], this.#sought[protocol]]);
    const followed = this.#followed;
    if (followed) sets.push(...protocols.map((protocol) => followed[protocol]));
    const union = PortUnion.of(sets);
    return {
      has: (port) => sets.some((set) => set.has(port)),
      nextOther: (port) => {
        const next = port > MAX_PORT ? -1 : union.nextOutside(port, MAX_PORT);
        return next === -1 ? undefined : next;
      },
    };
  }

  #endLater(protocol: Transport, port: number, ms: number): void {
    const at = this.#world.clock.elapsed() + ms;
    this.#until[protocol].set(port, at);
    const ends = this.#ends.get(ms) ?? [];
    ends.push({ at, protocol, port });
    // Ports that come and go faster than their hints end.
    const isCrowded = ends.length > MOST_ENDS;
    this.#ends.set(ms, isCrowded ? ends.filter((end) => this.#isCurrent(end)) : ends);
  }

  /** Whether no later hint of the same port counts. */
  #isCurrent({ at, protocol, port }: Expiry): boolean {
    return this.#until[protocol].get(port) === at;
  }

  #forgetWhatEnded(): void {
    if (this.#ends.size === 0) return;
    const now = this.#world.clock.elapsed();
    for (const [ms, ends] of this.#ends) {
      const over = ends.findIndex(({ at }) => at > now);
      for (const end of over === -1 ? ends : ends.splice(0, over)) {
        if (!this.#isCurrent(end)) continue;
        this.#until[end.protocol].delete(end.port);
        this.#taken[end.protocol].delete(end.port);
      }
      if (over === -1) this.#ends.delete(ms);
    }
  }
}
