// The ports of a userspace network stack: who holds which, and which one is next.
//
// A reservation holds on all of its networks or on none. A refused or failing call leaves everything as it
// was. What happens depends on the calls and on `random` alone.

import { PortError } from "../core/errors.ts";
import { describe, expectBoolean, expectOptions, expectPort, MAX_PORT, MIN_PORT } from "../core/expect.ts";
import type { InternedAddress } from "../core/interned-address.ts";
import type { PortUnion } from "../core/port-union.ts";
import { draw, randomStart, uniformStart } from "../core/selection.ts";
import { Holds } from "./holds.ts";
import { endpointOf, inUse, noPort } from "./refusals.ts";
import { type Claim, type PortTester, type Reservation, ReservationReader } from "./reservation.ts";

/** Where the ephemeral range begins unless `setPortRange` says otherwise; it ends at 65535. */
export const FIRST_EPHEMERAL = 16000;

/** The order in which a search tries the free ports of the ephemeral range. */
export type Selection = "random" | "uniform";

export interface PortManagerOptions {
  /**
   * A uniform random number from 0 to below 1; give an unpredictable one where strangers must not guess
   * ports (RFC 6056).
   *
   * @default Math.random
   */
  readonly random?: (() => number) | undefined;
  /**
   * `random` starts anywhere in the range (RFC 6056 algorithm 1): a free port behind many taken ones is found
   * more often. `uniform` starts at a free port, each as likely as the others, and costs a count of them.
   *
   * @default "random"
   */
  readonly selection?: Selection | undefined;
}

/**
 * Hands out the ports of a userspace network stack.
 *
 * A specific address and the wildcard exclude each other, two specific addresses do not. Flags, devices and
 * destinations let holds stand side by side: those that meet must all have one flag in common.
 *
 * @example
 * const manager = new PortManager();
 * const server = { networks: [IPV6, IPV4], transport: TCP, address: "", port: 80 };
 * manager.reservePort(server); //=> 80
 * manager.isPortAvailable({ networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 80 }); //=> false
 * manager.releasePort(server);
 */
export class PortManager {
  readonly #random: () => number;
  readonly #selection: Selection;
  readonly #reader = new ReservationReader();
  readonly #holds = new Holds();
  #first = FIRST_EPHEMERAL;
  #last = MAX_PORT;

  /**
   * @throws TypeError or RangeError that names the option.
   * @example
   * new PortManager({ random: () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32 });
   */
  constructor(options: PortManagerOptions = {}) {
    expectOptions("PortManager", options, ["random", "selection"]);
    const { random = Math.random, selection = "random" } = options;
    this.#random = expectFunction("random", random);
    this.#selection = expectSelection(selection);
  }

  /**
   * Whether `reservePort` would give this very port, 1 to 65535. Reserves nothing.
   *
   * @throws PortError `INVALID_ADDRESS`. TypeError or RangeError for a reservation that makes no sense.
   * @example
   * manager.isPortAvailable({ networks: [IPV4], transport: UDP, address: "127.0.0.1", port: 53 });
   */
  isPortAvailable(reservation: Reservation): boolean {
    this.#reader.check("isPortAvailable", reservation, MIN_PORT);
    const claim = this.#reader.claim(reservation);
    return this.#holds.admits(reservation, this.#reader.address(reservation), reservation.port, claim);
  }

  /**
   * Holds a port on all networks of the reservation, and returns it.
   *
   * Port 0 takes one of the ephemeral range: from a random start upward, then around, each port once. Such a
   * search gives TCP a port of its own, where other transports may come to share one as their flags allow.
   *
   * @param test Has the last word on each port that the rule allows. It is asked once the port is held; a
   * no, or what it throws, gives the port back.
   * @throws PortError `PORT_IN_USE` with the address and port asked for, `NO_PORT_AVAILABLE` when no port of
   * the range is left, `INVALID_ADDRESS`. TypeError or RangeError for arguments that make no sense, and
   * whatever `test` throws.
   * @example
   * const port = manager.reservePort({ networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 0 });
   */
  reservePort(reservation: Reservation, test?: PortTester): number {
    this.#reader.check("reservePort", reservation, 0);
    const claim = this.#reader.claim(reservation);
    if (claim !== undefined || test !== undefined) return this.#reserve(reservation, claim, test);
    const { port } = reservation;
    if (port === 0) return this.#pickPlain(reservation);
    if (this.#holds.takePlain(reservation, this.#reader.address(reservation), port)) return port;
    throw inUse(reservation, "is in use");
  }

  /**
   * Holds the port for one more connection with `destination`, as a listener accepts them. Only holds of the
   * very same address, device and destination can refuse it; false when they do.
   *
   * @throws PortError `INVALID_ADDRESS`. TypeError or RangeError for a reservation that makes no sense.
   * @example
   * const destination = { address: "192.0.2.1", port: 51000 };
   * manager.reserveTuple({ networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 80, destination });
   */
  reserveTuple(reservation: Reservation): boolean {
    this.#reader.check("reserveTuple", reservation, MIN_PORT);
    const claim = this.#reader.claim(reservation);
    const address = this.#reader.address(reservation);
    if (!this.#holds.admitsTuple(reservation, address, reservation.port, claim)) return false;
    this.#holds.add(reservation, address, reservation.port, claim);
    return true;
  }

  /**
   * Gives back one hold, on each of the networks that has it. A hold is found by all that it was reserved
   * with, flags included, and with the port that `reservePort` returned; what is not held is left alone.
   *
   * @throws PortError `INVALID_ADDRESS`. TypeError or RangeError for a reservation that makes no sense.
   * @example
   * const client = { networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 0 };
   * const port = manager.reservePort(client);
   * manager.releasePort({ ...client, port });
   */
  releasePort(reservation: Reservation): void {
    this.#reader.check("releasePort", reservation, MIN_PORT);
    const claim = this.#reader.claim(reservation);
    this.#holds.remove(reservation, this.#reader.address(reservation), reservation.port, claim);
  }

  /**
   * Offers each port of the ephemeral range to `test`, from a random start upward and then around, until one
   * will do. Holds do not matter, and nothing is held.
   *
   * @throws PortError `NO_PORT_AVAILABLE` when none will, and whatever `test` throws.
   * @example
   * const port = manager.pickEphemeralPort((port) => port % 2 === 0);
   */
  pickEphemeralPort(test: PortTester): number {
    expectFunction("test", test);
    const first = this.#first;
    const last = this.#last;
    const start = first + randomStart(this.#random, last - first + 1);
    for (let port = start; port <= last; port++) if (expectBoolean("test", test(port))) return port;
    for (let port = first; port < start; port++) if (expectBoolean("test", test(port))) return port;
    throw noPort(first, last, "`test` refused every one");
  }

  /** The ephemeral range, both ends included. */
  portRange(): { first: number; last: number } {
    return { first: this.#first, last: this.#last };
  }

  /**
   * Sets the ephemeral range, both ends included. Default: 16000 to 65535. Holds stay as they are.
   *
   * @throws PortError `INVALID_PORT_RANGE` unless 1 <= first <= last <= 65535, in whole numbers. TypeError
   * for what is not a number.
   * @example
   * manager.setPortRange(32768, 60999);
   */
  setPortRange(first: number, last: number): void {
    if (typeof first !== "number") expectPort("first", first);
    if (typeof last !== "number") expectPort("last", last);
    const whole = Number.isInteger(first) && Number.isInteger(last);
    if (!whole || first < MIN_PORT || first > last || last > MAX_PORT) {
      const input = `${first}-${last}`;
      const message = `invalid port range ${input}: expected two whole numbers from 1 to 65535, the smaller first`;
      throw new PortError("INVALID_PORT_RANGE", message, { input });
    }
    this.#first = first;
    this.#last = last;
  }

  /** Holds a free port of the ephemeral range, for nobody else. */
  #pickPlain(reservation: Reservation): number {
    // Drawn before anything is looked at: `random` may call back.
    const drawn = draw(this.#random);
    const address = this.#reader.address(reservation);
    const first = this.#first;
    const last = this.#last;
    const taken = this.#holds.overlapping(reservation, address);
    const start = this.#start(drawn, taken);
    let port = taken.nextOutside(start, last);
    if (port === -1) port = taken.nextOutside(first, start - 1);
    if (port === -1) throw noPort(first, last, `for ${endpointOf(reservation)}`);
    this.#holds.takePlain(reservation, address, port);
    return port;
  }

  /** Holds a port that may be shared, or that a tester has the last word on. */
  #reserve(asked: Reservation, claim: Claim | undefined, test: PortTester | undefined): number {
    if (test !== undefined) expectFunction("test", test);
    // As in `#pickPlain`.
    const drawn = asked.port === 0 ? draw(this.#random) : 0;
    const address = this.#reader.address(asked);
    // A tester may change what it was asked with: what is given back is what was held.
    const { networks, transport, port } = asked;
    const reservation = { networks: [...networks], transport, address: asked.address, port };
    // A tester may call back: the address keeps its number until it is done with.
    address.uses++;
    try {
      if (port === 0) return this.#pick(reservation, address, claim, drawn, test);
      if (!this.#holds.admits(reservation, address, port, claim)) throw inUse(reservation, "is in use");
      if (this.#hold(reservation, address, port, claim, test)) return port;
      throw inUse(reservation, "was refused by `test`");
    } finally {
      address.uses--;
    }
  }

  #pick(
    reservation: Reservation,
    address: InternedAddress,
    claim: Claim | undefined,
    drawn: number,
    test: PortTester | undefined,
  ): number {
    const first = this.#first;
    const last = this.#last;
    const start = this.#start(drawn, this.#holds.overlapping(reservation, address));
    let port = this.#take(reservation, address, claim, start, last, test);
    if (port === -1 && start > first) port = this.#take(reservation, address, claim, first, start - 1, test);
    if (port === -1) throw noPort(first, last, `for ${endpointOf(reservation)}`);
    return port;
  }

  /** Where a search of the ephemeral range starts. */
  #start(drawn: number, taken: PortUnion): number {
    const first = this.#first;
    const last = this.#last;
    if (this.#selection === "uniform") return uniformStart(drawn, taken, first, last);
    return first + Math.floor(drawn * (last - first + 1));
  }

  /** Holds the first port from `from` to `to` that the rule allows and that passes the test, or -1. */
  #take(
    reservation: Reservation,
    address: InternedAddress,
    claim: Claim | undefined,
    from: number,
    to: number,
    test: PortTester | undefined,
  ): number {
    for (let at = from; ; at++) {
      at = this.#holds.next(reservation, address, claim, at, to);
      if (at === -1 || this.#hold(reservation, address, at, claim, test)) return at;
    }
  }

  /** Holds the port, and gives it back unless it passes: who calls back meanwhile finds it held. */
  #hold(
    reservation: Reservation,
    address: InternedAddress,
    port: number,
    claim: Claim | undefined,
    test: PortTester | undefined,
  ): boolean {
    this.#holds.add(reservation, address, port, claim);
    if (test === undefined) return true;
    let passed = false;
    try {
      passed = expectBoolean("test", test(port));
    } finally {
      if (!passed) this.#holds.remove(reservation, address, port, claim);
    }
    return passed;
  }
}

function expectSelection(value: unknown): Selection {
  if (value === "random" || value === "uniform") return value;
  throw new RangeError(`\`selection\`: expected "random" or "uniform", received ${describe(value)}`);
}

function expectFunction<T>(option: string, value: T): T {
  if (typeof value === "function") return value;
  throw new TypeError(`\`${option}\`: expected a function, received ${describe(value)}`);
}
