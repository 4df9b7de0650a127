// The port manager written the obvious way: one list, looked through from the start for every question.
//
// It knows the rule as text says it, no index and no shortcut, and with `Accidents` it also does what the
// original package does by accident. Addresses are compared as they are written.

import { PortError } from "../../src/core/errors.ts";
import type { Flags, PortManager, PortTester, Reservation } from "../../src/netstack/index.ts";

/** What histories are played on. */
export type Ports = Pick<PortManager, keyof PortManager>;

export interface Accidents {
  /** A release counts whatever flags it names, and a hold ends when the sum of all counts is 0. */
  readonly releasesAnyFlags?: boolean;
  /** A search may give TCP a port that others hold. */
  readonly sharesTcpSearch?: boolean;
}

interface Group {
  readonly network: number;
  readonly transport: number;
  readonly address: string;
  readonly port: number;
  readonly device: number;
  readonly peer: string;
  readonly peerPort: number;
  /** How many holds there are of each combination of flags. */
  readonly counts: number[];
}

export class NaivePorts implements Ports {
  readonly #random: () => number;
  readonly #accidents: Accidents;
  #groups: Group[] = [];
  #range = { first: 16000, last: 65535 };

  constructor(random: () => number, accidents: Accidents = {}) {
    this.#random = random;
    this.#accidents = accidents;
  }

  isPortAvailable(reservation: Reservation): boolean {
    return this.#admits(reservation, false);
  }

  reservePort(reservation: Reservation, test: PortTester = () => true): number {
    if (reservation.port !== 0) {
      if (this.#admits(reservation, false) && this.#hold(reservation, test)) return reservation.port;
      const { address, port } = reservation;
      throw new PortError("PORT_IN_USE", "in use", { address, port });
    }
    for (const port of this.#scan()) {
      const candidate = { ...reservation, port };
      if (this.#admits(candidate, true) && this.#hold(candidate, test)) return port;
    }
    throw new PortError("NO_PORT_AVAILABLE", "none left", {});
  }

  reserveTuple(reservation: Reservation): boolean {
    const refused = groupsOf(reservation).some((wanted) => {
      const group = this.#find(wanted);
      return group !== undefined && (sharedBy(group) & bitsOf(reservation.flags)) === 0;
    });
    return !refused && this.#hold(reservation, () => true);
  }

  releasePort(reservation: Reservation): void {
    const bits = bitsOf(reservation.flags);
    for (const wanted of groupsOf(reservation)) {
      const group = this.#find(wanted);
      if (!group || (group.counts[bits]! <= 0 && !this.#accidents.releasesAnyFlags)) continue;
      group.counts[bits]!--;
      if (group.counts.reduce((sum, count) => sum + count) <= 0) {
        this.#groups = this.#groups.filter((other) => other !== group);
      }
    }
  }

  pickEphemeralPort(test: PortTester): number {
    for (const port of this.#scan()) if (test(port)) return port;
    throw new PortError("NO_PORT_AVAILABLE", "none left", {});
  }

  portRange(): { first: number; last: number } {
    return { ...this.#range };
  }

  setPortRange(first: number, last: number): void {
    this.#range = { first, last };
  }

  *#scan(): IterableIterator<number> {
    const { first, last } = this.#range;
    const count = last - first + 1;
    const start = Math.floor(this.#random() * count);
    for (let i = 0; i < count; i++) yield first + ((start + i) % count);
  }

  #hold(reservation: Reservation, test: PortTester): boolean {
    for (const wanted of groupsOf(reservation)) {
      const group = this.#find(wanted) ?? wanted;
      if (group === wanted) this.#groups.push(wanted);
      group.counts[bitsOf(reservation.flags)]!++;
    }
    let passed = false;
    try {
      passed = test(reservation.port);
    } finally {
      if (!passed) this.releasePort(reservation);
    }
    return passed;
  }

  #admits(reservation: Reservation, searching: boolean): boolean {
    const alone = searching && reservation.transport === 6 && !this.#accidents.sharesTcpSearch;
    return groupsOf(reservation).every((wanted) => {
      const near = this.#groups.filter(
        (group) =>
          group.network === wanted.network &&
          group.transport === wanted.transport &&
          group.port === wanted.port &&
          (wanted.address === "" || group.address === "" || group.address === wanted.address),
      );
      const addresses = new Set(near.map((group) => group.address));
      return [...addresses].every((address) => {
        const there = near.filter((group) => group.address === address);
        if (alone && wanted.device === 0) return false;
        const met = there.filter((group) => onOneDevice(group, wanted) && concerns(group, wanted));
        if (met.length === 0) return true;
        if (alone) return false;
        const shared = met.reduce((flags, group) => {
          const say = samePeer(group, wanted) ? sharedBy(group) : sharedBy(group) | 0b011;
          return flags & say;
        }, 0b111);
        return (shared & bitsOf(reservation.flags)) !== 0;
      });
    });
  }

  #find(wanted: Group): Group | undefined {
    return this.#groups.find(
      (group) =>
        group.network === wanted.network &&
        group.transport === wanted.transport &&
        group.address === wanted.address &&
        group.port === wanted.port &&
        group.device === wanted.device &&
        samePeer(group, wanted),
    );
  }
}

/** An empty group on each network of the reservation. */
function groupsOf({ networks, transport, address, port, ...rest }: Reservation): Group[] {
  return [...new Set(networks)].map((network) => ({
    network,
    transport,
    address: address === "0.0.0.0" || address === "::" ? "" : address,
    port,
    device: rest.bindToDevice ?? 0,
    peer: rest.destination?.address ?? "",
    peerPort: rest.destination?.port ?? 0,
    counts: [0, 0, 0, 0, 0, 0, 0, 0],
  }));
}

function bitsOf(flags: Flags = {}): number {
  return (flags.mostRecent ? 1 : 0) + (flags.loadBalanced ? 2 : 0) + (flags.tupleOnly ? 4 : 0);
}

function sharedBy(group: Group): number {
  return group.counts.reduce((shared, count, bits) => (count > 0 ? shared & bits : shared), 0b111);
}

function onOneDevice(a: Group, b: Group): boolean {
  return a.device === 0 || b.device === 0 || a.device === b.device;
}

function samePeer(a: Group, b: Group): boolean {
  return a.peer === b.peer && a.peerPort === b.peerPort;
}

function concerns(a: Group, b: Group): boolean {
  return samePeer(a, b) || a.peer === "" || b.peer === "";
}
