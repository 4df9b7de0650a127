// Leases of several protocols and several addresses: each port is leased for all of them, or for none.

import { describe, expect, it } from "vitest";

import type { AcquireOptions } from "../../src/registry/index.ts";
import { outcome, several } from "./world.ts";

interface Story {
  /** What the first process has. */
  readonly held: AcquireOptions;
  readonly ask: AcquireOptions;
  readonly gets: readonly number[] | string;
}

const both = ["tcp", "udp"] as const;
const loopbacks = ["127.0.0.1", "::1"] as const;

const stories: readonly (readonly [string, Story])[] = [
  [
    "a number whose udp is held is not given for both",
    { held: { ports: 50, protocol: "udp" }, ask: { ports: "50-51", protocol: both }, gets: [51] },
  ],
  [
    "a number whose tcp is held is not given for both",
    { held: { ports: 50 }, ask: { ports: 50, protocol: both }, gets: "NO_PORT_AVAILABLE" },
  ],
  [
    "a number that is held for both is given for neither",
    { held: { ports: 50, protocol: both }, ask: { ports: 50, protocol: "udp" }, gets: "NO_PORT_AVAILABLE" },
  ],
  [
    "one of two addresses that is held keeps the number from both",
    { held: { ports: 50, address: "::1" }, ask: { ports: "50-51", address: loopbacks }, gets: [51] },
  ],
  [
    "a third address stands beside two",
    { held: { ports: 50, address: loopbacks }, ask: { ports: 50, address: "127.0.0.2" }, gets: [50] },
  ],
  [
    "the wildcard of one family does not stand beside an address of it",
    {
      held: { ports: 50, address: loopbacks },
      ask: { ports: 50, address: "0.0.0.0" },
      gets: "NO_PORT_AVAILABLE",
    },
  ],
  [
    "several protocols, addresses and ports are one lease",
    {
      held: { ports: 51, protocol: "udp", address: "::1" },
      ask: { ports: "50-54", protocol: both, address: loopbacks, count: 3 },
      gets: [50, 52, 53],
    },
  ],
];

describe("beside another lease", () => {
  it.each(stories)("%s", async (_, { held, ask, gets }) => {
    const { registries } = await several(2);
    const [one, two] = registries;
    await one!.acquire(held);
    expect(await outcome(two!.acquire(ask))).toEqual(gets);
  });
});

describe("a lease of several protocols and addresses", () => {
  const options = { name: "web", ports: "50-51", count: 2, protocol: both, address: loopbacks };

  it("says all its endpoints, and so does the list", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ ...options, ports: 50, count: 1 });
    expect(lease.endpoints).toEqual([
      { protocol: "tcp", address: "127.0.0.1", port: 50 },
      { protocol: "tcp", address: "::1", port: 50 },
      { protocol: "udp", address: "127.0.0.1", port: 50 },
      { protocol: "udp", address: "::1", port: 50 },
    ]);
    const facts = { ports: [50], protocols: ["tcp", "udp"], addresses: ["127.0.0.1", "::1"] };
    expect(lease).toMatchObject(facts);
    expect(await registries[0]!.list()).toMatchObject([{ ...facts, id: lease.id, token: lease.token }]);
  });

  it("is the same for one protocol or address that is said twice", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({
      protocol: ["tcp", "tcp"],
      address: ["127.0.0.1", "::ffff:127.0.0.1"],
    });
    expect(lease).toMatchObject({ protocols: ["tcp"], addresses: ["127.0.0.1"] });
  });

  it("is found again under its name in whatever order they are said", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire(options);
    const turned = { protocol: ["udp", "tcp"], address: ["::1", "127.0.0.1"] } as const;
    expect(await registries[0]!.acquire({ ...options, ...turned })).toBe(lease);
    expect(await outcome(registries[0]!.acquire({ ...options, protocol: "tcp" }))).toBe("NAME_HELD");
    expect(await outcome(registries[0]!.acquire({ ...options, address: "::1" }))).toBe("NAME_HELD");
  });

  it("asks the kernel for all of them, and gives the number up where one is a stranger's", async () => {
    const { machine, registries } = await several(1);
    machine.beforeLook = ({ port, protocol }) =>
      void machine.verdicts.set(50, port === 50 && protocol === "udp" ? "stranger" : "free");
    const lease = await registries[0]!.acquire({ ports: "50-51", protocol: both, address: loopbacks });
    expect(lease.port).toBe(51);
    const looks = machine.looks.map(({ protocol, address, port }) => `${protocol} ${address.text} ${port}`);
    expect(looks).toEqual([
      "tcp 127.0.0.1 50",
      "tcp ::1 50",
      "udp 127.0.0.1 50",
      "tcp 127.0.0.1 51",
      "tcp ::1 51",
      "udp 127.0.0.1 51",
      "udp ::1 51",
    ]);
    expect(machine.guards).toEqual(["tcp/51 of 1", "udp/51 of 1"]);
  });

  it.each<[string, string | number]>([
    ["by its name", "web"],
    ["by number", 50],
  ])("is given back for all of them %s", async (_, target) => {
    const { machine, registries } = await several(1);
    await registries[0]!.acquire({ ...options, ports: 50, count: 1 });
    expect(await registries[0]!.release(target)).toMatchObject([{ ports: [50], protocols: both }]);
    expect(await registries[0]!.list()).toEqual([]);
    expect(machine.guards).toEqual([]);
  });
});
