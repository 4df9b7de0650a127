// What is measured. A case makes its world for one side and returns an operation; `run(n)` does it n times
// and returns a number made of its results, so that no work can be left out.

import { IPV4, IPV6, TCP } from "moorage/netstack";
import { newAllocator, newManager, newRandom, type Side } from "./implementations.ts";

/** How a line is judged; see the table in docs/benchmarks.md. */
export type Bar =
  | { readonly kind: "none" }
  | { readonly kind: "time"; readonly ns: number; readonly ofYardstick: number }
  | { readonly kind: "growth"; readonly over: string; readonly times: number };

export interface Case {
  readonly id: string;
  readonly of: "PortManager" | "PortAllocator";
  readonly title: string;
  readonly bar: Bar;
  /** Operations in one call of `run`, for lines whose unit is a port of a whole range. */
  readonly operationsPerRun?: number;
  prepare(side: Side): (n: number) => number;
}

const ADDRESS = "10.0.0.1";
const one = { networks: [IPV4], transport: TCP, address: ADDRESS, port: 0 };
const FIRST = 16000;
const LAST = 65535;
/** Docker's fallback range, as in the figures the bars come from. */
const RANGE = { begin: 49153, end: 65535 };

export const CASES: readonly Case[] = [
  {
    id: "manager/specific",
    of: "PortManager",
    title: "one specific port, one address",
    bar: { kind: "time", ns: 60, ofYardstick: 0.2 },
    prepare: (side) => reserveAndRelease(side, [IPV4], ADDRESS),
  },
  {
    id: "manager/dual",
    of: "PortManager",
    title: "the same, IPv4 + IPv6 in one call",
    bar: { kind: "time", ns: 110, ofYardstick: 0.2 },
    prepare: (side) => reserveAndRelease(side, [IPV4, IPV6], ADDRESS),
  },
  {
    id: "manager/pick-0",
    of: "PortManager",
    title: "ephemeral pick, 0 % of the range taken",
    bar: { kind: "time", ns: 70, ofYardstick: 0.2 },
    prepare: (side) => pickAndRelease(side, 0),
  },
  {
    id: "manager/pick-90",
    of: "PortManager",
    title: "… 90 %",
    bar: { kind: "growth", over: "manager/pick-0", times: 1.5 },
    prepare: (side) => pickAndRelease(side, 0.9),
  },
  {
    id: "manager/pick-99.9",
    of: "PortManager",
    title: "… 99.9 %",
    bar: { kind: "growth", over: "manager/pick-0", times: 3 },
    prepare: (side) => pickAndRelease(side, 0.999),
  },
  {
    id: "manager/wildcard-1",
    of: "PortManager",
    title: "wildcard request beside 1 known address",
    bar: { kind: "none" },
    prepare: (side) => wildcardBeside(side, 1),
  },
  {
    id: "manager/wildcard-1000",
    of: "PortManager",
    title: "… beside 1,000",
    bar: { kind: "growth", over: "manager/wildcard-1", times: 1.5 },
    prepare: (side) => wildcardBeside(side, 1000),
  },
  {
    id: "manager/fill",
    of: "PortManager",
    title: "fill the range by picks, then release all",
    bar: { kind: "time", ns: 80, ofYardstick: 0.2 },
    operationsPerRun: LAST - FIRST + 1,
    prepare: (side) => fillAndRelease(side),
  },
  {
    id: "manager/check",
    of: "PortManager",
    title: "availability check",
    bar: { kind: "time", ns: 25, ofYardstick: 0.2 },
    prepare: (side) => availability(side),
  },
  {
    id: "allocator/specific",
    of: "PortAllocator",
    title: "one specific port, one address",
    bar: { kind: "time", ns: 60, ofYardstick: 0.2 },
    prepare: (side) => requestAndRelease(side, [ADDRESS], 8080),
  },
  {
    id: "allocator/dual",
    of: "PortAllocator",
    title: "the same, IPv4 + IPv6 in one call",
    bar: { kind: "time", ns: 110, ofYardstick: 0.2 },
    prepare: (side) => requestAndRelease(side, [ADDRESS, "2001:db8::1"], 8080),
  },
  {
    id: "allocator/pick-0",
    of: "PortAllocator",
    title: "dynamic request, 0 % of the range taken",
    bar: { kind: "time", ns: 70, ofYardstick: 0.2 },
    prepare: (side) => requestDynamic(side, 0),
  },
  {
    id: "allocator/pick-90",
    of: "PortAllocator",
    title: "… 90 %",
    bar: { kind: "growth", over: "allocator/pick-0", times: 1.5 },
    prepare: (side) => requestDynamic(side, 0.9),
  },
  {
    id: "allocator/pick-99.9",
    of: "PortAllocator",
    title: "… 99.9 %",
    bar: { kind: "growth", over: "allocator/pick-0", times: 3 },
    prepare: (side) => requestDynamic(side, 0.999),
  },
  {
    id: "allocator/full",
    of: "PortAllocator",
    title: "a request on a full range (refused)",
    bar: { kind: "time", ns: 5000, ofYardstick: 0.02 },
    prepare: (side) => requestOnFull(side),
  },
  {
    id: "allocator/wildcard-1",
    of: "PortAllocator",
    title: "wildcard request beside 1 known address",
    bar: { kind: "none" },
    prepare: (side) => requestWildcardBeside(side, 1),
  },
  {
    id: "allocator/wildcard-1000",
    of: "PortAllocator",
    title: "… beside 1,000",
    bar: { kind: "growth", over: "allocator/wildcard-1", times: 1.5 },
    prepare: (side) => requestWildcardBeside(side, 1000),
  },
  {
    id: "allocator/fill",
    of: "PortAllocator",
    title: "fill the range, then release all",
    bar: { kind: "time", ns: 80, ofYardstick: 0.2 },
    operationsPerRun: RANGE.end - RANGE.begin + 1,
    prepare: (side) => fillAllocator(side),
  },
];

function reserveAndRelease(side: Side, networks: readonly number[], address: string): (n: number) => number {
  const manager = newManager(side);
  const reservation = { networks, transport: TCP, address, port: 8080 };
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += manager.reservePort(reservation);
      manager.releasePort(reservation);
    }
    return sum;
  };
}

function pickAndRelease(side: Side, taken: number): (n: number) => number {
  const manager = newManager(side);
  for (const port of somePorts(FIRST, LAST, taken)) manager.reservePort({ ...one, port });
  const release = { ...one };
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      release.port = manager.reservePort(one);
      sum += release.port;
      manager.releasePort(release);
    }
    return sum;
  };
}

function wildcardBeside(side: Side, addresses: number): (n: number) => number {
  const manager = newManager(side);
  for (const address of someAddresses(addresses)) manager.reservePort({ ...one, address, port: 9090 });
  const reservation = { ...one, address: "", port: 8080 };
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += manager.reservePort(reservation);
      manager.releasePort(reservation);
    }
    return sum;
  };
}

function fillAndRelease(side: Side): (n: number) => number {
  const manager = newManager(side);
  const release = { ...one };
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let count = FIRST; count <= LAST; count++) sum += manager.reservePort(one);
      for (release.port = FIRST; release.port <= LAST; release.port++) manager.releasePort(release);
    }
    return sum;
  };
}

function availability(side: Side): (n: number) => number {
  const manager = newManager(side);
  for (const port of somePorts(FIRST, LAST, 0.5)) manager.reservePort({ ...one, port });
  const asked = { ...one };
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      asked.port = FIRST + (i & 0x7fff);
      if (manager.isPortAvailable(asked)) sum++;
    }
    return sum;
  };
}

function requestAndRelease(side: Side, ips: readonly string[], port: number): (n: number) => number {
  const allocator = newAllocator(side, RANGE);
  const [ip] = ips;
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      if (ips.length === 1) {
        sum += allocator.requestPort(ip!, "tcp", port);
        allocator.releasePort(ip!, "tcp", port);
      } else {
        sum += allocator.requestPortsInRange(ips, "tcp", port, port);
        for (const each of ips) allocator.releasePort(each, "tcp", port);
      }
    }
    return sum;
  };
}

function requestDynamic(side: Side, taken: number): (n: number) => number {
  const allocator = newAllocator(side, RANGE);
  for (const port of somePorts(RANGE.begin, RANGE.end, taken)) allocator.requestPort(ADDRESS, "tcp", port);
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const port = allocator.requestPort(ADDRESS, "tcp", 0);
      sum += port;
      allocator.releasePort(ADDRESS, "tcp", port);
    }
    return sum;
  };
}

function requestOnFull(side: Side): (n: number) => number {
  const allocator = newAllocator(side, RANGE);
  for (const port of somePorts(RANGE.begin, RANGE.end, 1)) allocator.requestPort(ADDRESS, "tcp", port);
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      try {
        sum += allocator.requestPort(ADDRESS, "tcp", 0);
      } catch (error) {
        sum += (error as Error).message.length;
      }
    }
    return sum;
  };
}

function requestWildcardBeside(side: Side, addresses: number): (n: number) => number {
  const allocator = newAllocator(side, RANGE);
  for (const address of someAddresses(addresses)) allocator.requestPort(address, "tcp", 9090);
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += allocator.requestPort("0.0.0.0", "tcp", 8080);
      allocator.releasePort("0.0.0.0", "tcp", 8080);
    }
    return sum;
  };
}

function fillAllocator(side: Side): (n: number) => number {
  const allocator = newAllocator(side, RANGE);
  return (n) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let count = RANGE.begin; count <= RANGE.end; count++)
        sum += allocator.requestPort(ADDRESS, "tcp", 0);
      for (let port = RANGE.begin; port <= RANGE.end; port++) allocator.releasePort(ADDRESS, "tcp", port);
    }
    return sum;
  };
}

/** A share of the ports of a range, chosen at random, the same ones each time. */
function somePorts(first: number, last: number, share: number): number[] {
  const random = newRandom(7);
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  for (let i = ports.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [ports[i], ports[other]] = [ports[other]!, ports[i]!];
  }
  return ports.slice(0, Math.round(ports.length * share));
}

export function someAddresses(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}`,
  );
}
