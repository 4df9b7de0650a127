// What list() says when the keys of slots and the numbers of ports are not in the same order.

import { describe, expect, it } from "vitest";

import type { AcquireOptions } from "../../src/registry/index.ts";
import { join, Machine, newState } from "./world.ts";

const both = ["tcp", "udp"] as const;

/** What is acquired one after the other, and what is listed of it. */
const stories: readonly (readonly [string, readonly AcquireOptions[], readonly string[]])[] = [
  [
    "ports of different lengths are in the order of their numbers",
    [{ ports: 10_000 }, { ports: 1000 }, { ports: 9 }, { ports: 65_535 }, { ports: 10 }],
    ["tcp 9", "tcp 10", "tcp 1000", "tcp 10000", "tcp 65535"],
  ],
  [
    "a lease stands where its first port does, with its ports in rising order",
    [
      { ports: "99,100,1000", count: 3 },
      { ports: "9,500", count: 2 },
      { ports: 98 },
      { ports: "101,999", count: 2 },
    ],
    ["tcp 9,500", "tcp 98", "tcp 99,100,1000", "tcp 101,999"],
  ],
  [
    "each port of several protocols is told once",
    [{ ports: "9,10,100", count: 3, protocol: both }, { ports: 11 }],
    ["tcp+udp 9,10,100", "tcp 11"],
  ],
  [
    "of one port, tcp comes first",
    [{ ports: 50, protocol: "udp" }, { ports: 50 }, { ports: 5, protocol: "udp" }],
    ["udp 5", "tcp 50", "udp 50"],
  ],
];

describe("listed", () => {
  it.each(stories)("%s", async (_title, acquired, listed) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    for (const options of acquired) await registry.acquire(options);
    const leases = await registry.list();
    expect(leases.map(({ protocols, ports }) => `${protocols.join("+")} ${ports.join(",")}`)).toEqual(listed);
  });
});
