// The port manager against NaivePorts: same histories, same outcomes, same ports offered to testers.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IPV4, IPV6, PortManager, type Reservation, TCP, UDP } from "../../src/netstack/index.ts";
import { NaivePorts, type Ports } from "./naive-ports.ts";
import { flagsOf, on, outcome } from "./reservations.ts";

const FIRST = 80;
const LAST = 85;

interface Words {
  /** What `random` says. */
  readonly start: number;
  /** Bit p says that the tester refuses port FIRST + p; bit 6 that it throws for the first one offered. */
  readonly refuse: number;
}

type Action =
  | { readonly call: "reserve" | "tuple" | "available" | "release"; readonly reservation: Reservation }
  /** Releases the n-th hold of those there are, whatever the number. */
  | { readonly call: "release held"; readonly nth: number }
  | {
      readonly call: "search";
      readonly reservation: Reservation;
      readonly start: number;
      readonly refuse: number;
    }
  | { readonly call: "pick"; readonly start: number; readonly refuse: number }
  | { readonly call: "range"; readonly first: number; readonly last: number };

const anyPort = fc.integer({ min: FIRST, max: LAST });

const anyReservation: fc.Arbitrary<Reservation> = fc.record({
  networks: fc.constantFrom([IPV4], [IPV6], [IPV6, IPV4], [IPV4, IPV4]),
  transport: fc.constantFrom(TCP, UDP),
  address: fc.constantFrom("", "0.0.0.0", "10.0.0.1", "10.0.0.1", "10.0.0.2"),
  port: anyPort,
  flags: fc.oneof(fc.constant({}), fc.integer({ min: 0, max: 7 }).map(flagsOf)),
  bindToDevice: fc.constantFrom(0, 0, 1, 2),
  destination: fc.constantFrom(
    undefined,
    undefined,
    { address: "", port: 0 },
    { address: "", port: 5 },
    { address: "192.0.2.1", port: 443 },
    { address: "192.0.2.2", port: 443 },
  ),
});

const anySearch = {
  start: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  refuse: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 127 })),
};

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constant("reserve"), reservation: anyReservation }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant("tuple"), reservation: anyReservation }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant("available"), reservation: anyReservation }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("release"), reservation: anyReservation }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant("release held"), nth: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({ call: fc.constant("search"), reservation: anyReservation, ...anySearch }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("pick"), ...anySearch }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyPort, anyPort)
      .map(([a, b]) => ({ call: "range" as const, first: Math.min(a, b), last: Math.max(a, b) })),
  },
);

/** Plays actions and says what is seen of each. */
class Player {
  readonly #ports: Ports;
  readonly #held: Reservation[] = [];
  #start = 0;

  constructor(make: (random: () => number) => Ports) {
    this.#ports = make(() => this.#start);
    this.#ports.setPortRange(FIRST, LAST);
  }

  play(action: Action): unknown {
    const ports = this.#ports;
    switch (action.call) {
      case "reserve": {
        const port = outcome(() => ports.reservePort(action.reservation));
        if (typeof port === "number") this.#held.push(action.reservation);
        return port;
      }
      case "tuple": {
        const reserved = ports.reserveTuple(action.reservation);
        if (reserved) this.#held.push(action.reservation);
        return reserved;
      }
      case "available":
        return ports.isPortAvailable(action.reservation);
      case "release":
        ports.releasePort(action.reservation);
        return "released";
      case "release held":
        if (this.#held.length > 0) {
          ports.releasePort(this.#held.splice(action.nth % this.#held.length, 1)[0]!);
        }
        return "released";
      case "search":
        return this.#search(action, (test) => {
          const port = ports.reservePort({ ...action.reservation, port: 0 }, test);
          this.#held.push({ ...action.reservation, port });
          return port;
        });
      case "pick":
        return this.#search(action, (test) => ports.pickEphemeralPort(test));
      default:
        ports.setPortRange(action.first, action.last);
        return ports.portRange();
    }
  }

  /** Releases what was reserved, and says on which ports nothing is left. */
  end(): boolean[] {
    for (const reservation of this.#held) this.#ports.releasePort(reservation);
    const free: boolean[] = [];
    for (const network of [IPV4, IPV6]) {
      for (const transport of [TCP, UDP]) {
        for (let port = FIRST; port <= LAST; port++) {
          free.push(this.#ports.isPortAvailable({ networks: [network], transport, address: "", port }));
        }
      }
    }
    return free;
  }

  #search(words: Words, call: (test: (port: number) => boolean) => number): unknown {
    this.#start = words.start;
    const offered: number[] = [];
    const thrown = new Error("thrown by the tester");
    const test = (port: number): boolean => {
      offered.push(port);
      if ((words.refuse & 64) !== 0) throw thrown;
      return (words.refuse & (1 << (port - FIRST))) === 0;
    };
    try {
      return { port: outcome(() => call(test)), offered };
    } catch (error) {
      if (error !== thrown) throw error;
      return { thrown: true, offered };
    }
  }
}

describe("any history", () => {
  it("has the outcomes of the rule as text says it", () => {
    fc.assert(
      fc.property(fc.array(anyAction, { minLength: 1, maxLength: 60 }), (history) => {
        const ours = new Player((random) => new PortManager({ random }));
        const naive = new Player((random) => new NaivePorts(random));
        for (const action of history) expect(ours.play(action)).toEqual(naive.play(action));
        expect(ours.end()).toEqual(naive.end());
      }),
      { numRuns: 1500 },
    );
  });

  it("leaves every port free once what it reserved is released", () => {
    const reserving = anyAction.filter(({ call }) => call !== "release");
    fc.assert(
      fc.property(fc.array(reserving, { minLength: 1, maxLength: 60 }), (history) => {
        const player = new Player((random) => new PortManager({ random }));
        for (const action of history) player.play(action);
        expect(player.end()).not.toContain(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe("searches over many holds", () => {
  const anyBlock = fc.record({
    first: fc.integer({ min: 1, max: 900 }),
    length: fc.integer({ min: 1, max: 700 }),
    address: fc.constantFrom("", "10.0.0.1", "10.0.0.2"),
    flags: fc.constantFrom(0, 0, 2, 4).map(flagsOf),
    transport: fc.constantFrom(TCP, UDP),
  });
  const anySeeker = fc.record({
    reservation: anyReservation,
    start: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  it("find the same ports as the walk port by port", () => {
    fc.assert(
      fc.property(
        fc.array(anyBlock, { maxLength: 3 }),
        fc.array(anySeeker, { maxLength: 6 }),
        (blocks, seekers) => {
          const search = (make: (random: () => number) => Ports): unknown[] => {
            let start = 0;
            const ports = make(() => start);
            ports.setPortRange(1, 1000);
            for (const { first, length, ...rest } of blocks) {
              for (let port = first; port < Math.min(first + length, 1001); port++) {
                outcome(() => ports.reservePort(on({ ...rest, port })));
              }
            }
            return seekers.map(({ reservation, ...seeker }) => {
              start = seeker.start;
              return outcome(() => ports.reservePort({ ...reservation, port: 0 }));
            });
          };
          const expected = search((random) => new NaivePorts(random));
          expect(search((random) => new PortManager({ random }))).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });
});
