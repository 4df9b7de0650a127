// What is measured of PortManager.

import { IPV4, IPV6, TCP } from "moorage/netstack";
import type { Group } from "../case.ts";
import { newManager, type Side } from "../implementations.ts";
import { someAddresses, somePorts } from "../worlds.ts";

const ADDRESS = "10.0.0.1";
const one = { networks: [IPV4], transport: TCP, address: ADDRESS, port: 0 };
/** The ephemeral range, unless it is set otherwise. */
const FIRST = 16000;
const LAST = 65535;

export const PORT_MANAGER: readonly Group[] = [
  [
    {
      id: "manager/specific",
      of: "PortManager",
      title: "one specific port, one address",
      bar: { kind: "time", ns: 60, ofYardstick: 0.2 },
      prepare: (side) => reserveAndRelease(side, [IPV4], ADDRESS),
    },
  ],
  [
    {
      id: "manager/dual",
      of: "PortManager",
      title: "the same, IPv4 + IPv6 in one call",
      bar: { kind: "time", ns: 110, ofYardstick: 0.2 },
      prepare: (side) => reserveAndRelease(side, [IPV4, IPV6], ADDRESS),
    },
  ],
  [
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
  ],
  [
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
  ],
  [
    {
      id: "manager/fill",
      of: "PortManager",
      title: "fill the range by picks, then release all",
      bar: { kind: "time", ns: 80, ofYardstick: 0.2 },
      operationsPerRun: LAST - FIRST + 1,
      prepare: (side) => fillAndRelease(side),
    },
  ],
  [
    {
      id: "manager/check",
      of: "PortManager",
      title: "availability check",
      bar: { kind: "time", ns: 25, ofYardstick: 0.2 },
      prepare: (side) => availability(side),
    },
  ],
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
