// What is measured of PortAllocator.

import type { Group } from "../case.ts";
import { newAllocator, type Side } from "../implementations.ts";
import { someAddresses, somePorts } from "../worlds.ts";

const ADDRESS = "10.0.0.1";
/** Docker's fallback range, as in the figures the bars come from. */
const RANGE = { begin: 49153, end: 65535 };

export const PORT_ALLOCATOR: readonly Group[] = [
  [
    {
      id: "allocator/specific",
      of: "PortAllocator",
      title: "one specific port, one address",
      bar: { kind: "time", ns: 60, ofYardstick: 0.2 },
      prepare: (side) => requestAndRelease(side, [ADDRESS], 8080),
    },
  ],
  [
    {
      id: "allocator/dual",
      of: "PortAllocator",
      title: "the same, IPv4 + IPv6 in one call",
      bar: { kind: "time", ns: 110, ofYardstick: 0.2 },
      prepare: (side) => requestAndRelease(side, [ADDRESS, "2001:db8::1"], 8080),
    },
  ],
  [
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
  ],
  [
    {
      id: "allocator/full",
      of: "PortAllocator",
      title: "a request on a full range (refused)",
      bar: { kind: "time", ns: 5000, ofYardstick: 0.02 },
      prepare: (side) => requestOnFull(side),
    },
  ],
  [
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
  ],
  [
    {
      id: "allocator/fill",
      of: "PortAllocator",
      title: "fill the range, then release all",
      bar: { kind: "time", ns: 80, ofYardstick: 0.2 },
      operationsPerRun: RANGE.end - RANGE.begin + 1,
      prepare: (side) => fillAllocator(side),
    },
  ],
];

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
