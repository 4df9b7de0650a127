// Which ports: blocks that follow one another, those that are left out, and the order in which they are tried.

import { describe, expect, it } from "vitest";

import { PortSet } from "../../src/core/index.ts";
import { nameStart } from "../../src/core/selection.ts";
import type { Store } from "../../src/contract/index.ts";
import type { AcquireOptions } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { isOverEngine, join, Machine, newState, outcome, several } from "./world.ts";

interface BlockStory {
  readonly strangers?: readonly number[];
  readonly leased?: string;
  readonly ask: AcquireOptions;
  readonly gets: readonly number[] | string;
}

const blocks: readonly (readonly [string, BlockStory])[] = [
  ["is the first that is free", { ask: { ports: "50-59", count: 3, contiguous: true }, gets: [50, 51, 52] }],
  [
    "begins behind a stranger",
    { strangers: [51], ask: { ports: "50-59", count: 3, contiguous: true }, gets: [52, 53, 54] },
  ],
  [
    "begins behind a lease",
    { leased: "52", ask: { ports: "50-59", count: 3, contiguous: true }, gets: [53, 54, 55] },
  ],
  [
    "keeps to its pool",
    { ask: { ports: "50-51,53-54,56-58", count: 3, contiguous: true }, gets: [56, 57, 58] },
  ],
  [
    "does not go over the highest port",
    { leased: "65533", ask: { ports: "65533-65535", count: 3, contiguous: true }, gets: "NO_PORT_AVAILABLE" },
  ],
  [
    "does not go round from the end of its pool to the beginning",
    { leased: "52", ask: { ports: "50-53", count: 3, contiguous: true }, gets: "NO_PORT_AVAILABLE" },
  ],
  ["is aligned", { ask: { ports: "50-99", count: 8, align: 16 }, gets: [64, 65, 66, 67, 68, 69, 70, 71] }],
  [
    "is aligned behind a stranger",
    { strangers: [65], ask: { ports: "50-99", count: 4, align: 16 }, gets: [80, 81, 82, 83] },
  ],
  [
    "is refused when its only aligned place is taken in the middle",
    { leased: "66", ask: { ports: "60-75", count: 8, align: 16 }, gets: "NO_PORT_AVAILABLE" },
  ],
  [
    "begins at the wish",
    { ask: { ports: "50-59", count: 3, contiguous: true, prefer: 55 }, gets: [55, 56, 57] },
  ],
  [
    "can begin at a wish outside of its pool",
    { ask: { ports: "50-59", count: 3, contiguous: true, prefer: 49 }, gets: [49, 50, 51] },
  ],
  [
    "does not begin at a wish that is not aligned",
    { ask: { ports: "50-99", count: 2, align: 16, prefer: 51 }, gets: [64, 65] },
  ],
  ["of one port is any port that is aligned", { ask: { ports: "50-99", align: 10, prefer: 51 }, gets: [50] }],
  ["need not be one", { strangers: [51], ask: { ports: "50-59", count: 3 }, gets: [50, 52, 53] }],
];

describe("a block of ports", () => {
  it.each(blocks)("%s", async (_, { strangers = [], leased, ask, gets }) => {
    const { machine, registries } = await several(2);
    const [one, two] = registries;
    for (const port of strangers) machine.verdicts.set(port, "stranger");
    if (leased) await one!.acquire({ ports: leased });
    expect(await outcome(two!.acquire(ask))).toEqual(gets);
  });

  it("leaves nothing claimed of the places that it tried, and takes one commit for each", async () => {
    const faults = faulty();
    const { machine, registries } = await several(1, { wrap: faults.wrap });
    for (const port of [51, 53, 55]) machine.verdicts.set(port, "stranger");
    await registries[0]!.acquire({ ports: "50-59", count: 3, contiguous: true });
    expect((await registries[0]!.list()).map(({ ports }) => ports)).toEqual([[56, 57, 58]]);
    expect(faults.calls.commit).toBe(4);
  });

  it("can be what another one left that ran out, beside a stranger", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire({ ports: "50-53", count: 4, ttlMs: 1000 });
    machine.kill(1);
    await machine.time.advance(1000);
    machine.verdicts.set(50, "stranger");
    const block = { ports: "50-53", count: 3, contiguous: true };
    expect(await outcome(registries[1]!.acquire(block))).toEqual([51, 52, 53]);
  });

  it("that finds no place says so, though every port of it could be had", async () => {
    const { registries } = await several(1);
    await expect(
      registries[0]!.acquire({ ports: "50,52,54", count: 2, contiguous: true }),
    ).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      message: expect.stringContaining("no block of 2 tcp ports available in 50,52,54: no place") as string,
    });
  });
});

describe("exclude", () => {
  it.each<[string, AcquireOptions["exclude"], number]>([
    ["a port", 50, 51],
    ["a text", "50-52", 53],
    ["numbers", [50, 51], 52],
    ["a set", PortSet.range(1, 58), 59],
    ["ports that are not asked for", "60-70", 50],
  ])("leaves out %s", async (_, exclude, port) => {
    const { registries } = await several(1);
    expect((await registries[0]!.acquire({ ports: "50-59", ...(exclude && { exclude }) })).port).toBe(port);
  });

  it("leaves out ports of those that are picked from when none are named, and says how many", async () => {
    const { registries } = await several(1);
    const attempt = await registries[0]!.tryAcquire({ exclude: "100-108", count: 1 });
    expect(attempt).toMatchObject({ granted: true, lease: { port: 109 } });
    expect(await registries[0]!.tryAcquire({ exclude: "100-108" })).toMatchObject({
      refusal: { refused: { leased: 1, excluded: 9 } },
    });
  });

  it("cannot leave out the wish", async () => {
    const { registries } = await several(1);
    const request = registries[0]!.acquire({ ports: "50-59", exclude: 55, prefer: 55 });
    await expect(request).rejects.toThrow(
      new RangeError("`prefer`: expected a port that `exclude` does not have, received 55"),
    );
  });
});

/** The ports of leases that are granted one after the other. */
async function granted(options: AcquireOptions, times: number, random: () => number): Promise<number[]> {
  const { registries } = await several(1, { random });
  const ports: number[] = [];
  for (let turn = 0; turn < times; turn++) ports.push((await registries[0]!.acquire(options)).port);
  return ports;
}

/** A store whose updates are noted, by the slots that they look at. */
function seen(looks: (readonly string[])[]): (store: Store) => Store {
  return (store) => ({
    epoch: store.epoch,
    limits: store.limits,
    expiring: store.expiring,
    read: (...parameters) => store.read(...parameters),
    commit: (...parameters) => store.commit(...parameters),
    list: (...parameters) => store.list(...parameters),
    update: (scope, keys, ...rest) => {
      looks.push(keys);
      return store.update(scope, keys, ...rest);
    },
    watch: (...parameters) => store.watch(...parameters),
    raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
    close: () => store.close(),
  });
}

describe("the order in which ports are tried", () => {
  it.each<[string, AcquireOptions["selection"], number[]]>([
    ["random goes on upward from its place, and round", "random", [14, 15, 10, 11]],
    ["uniform draws each time among all that are left", "uniform", [14, 10, 11, 15]],
    ["next-fit begins at the first port and goes on behind the last one", "next-fit", [10, 11, 12, 13]],
  ])("%s", async (_, selection, ports) => {
    expect(await granted({ ports: "10-15", selection }, 4, () => 0.7)).toEqual(ports);
  });

  it("next-fit does not go back to a port that was released, before it has been round", async () => {
    const { registries } = await several(1, { quarantineMs: 0 });
    const ports: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      await using lease = await registries[0]!.acquire({ ports: "10-14", selection: "next-fit" });
      ports.push(lease.port);
    }
    expect(ports).toEqual([10, 11, 12, 13, 14, 10, 11]);
  });

  it("first-fit goes back to the lowest port that is free", async () => {
    const { registries } = await several(1, { quarantineMs: 0 });
    const request = { ports: "10-14", selection: "first-fit" } as const;
    const first = await registries[0]!.acquire(request);
    expect((await registries[0]!.acquire(request)).port).toBe(11);
    await first.release();
    expect((await registries[0]!.acquire(request)).port).toBe(10);
  });

  it("uniform gives every port once", async () => {
    const ports = await granted({ ports: "10-59", selection: "uniform" }, 50, Math.random);
    expect(ports.toSorted((a, b) => a - b)).toEqual([...PortSet.range(10, 59)]);
  });

  it("by name begins at the name's hash, and is the default for names; random is for the rest", async () => {
    const start = 1000 + nameStart("web", 1000);
    const ports = "1000-1999";
    expect(await granted({ ports, name: "web" }, 1, () => 0.5)).toEqual([start]);
    expect(await granted({ ports, name: "web", selection: "name" }, 1, () => 0.5)).toEqual([start]);
    expect(await granted({ ports, name: "web", selection: "random" }, 1, () => 0.5)).toEqual([1500]);
    // A sixteenth of the pool from the middle on, and the middle of that.
    expect(await granted({ ports }, 1, () => 0.5)).toEqual([isOverEngine() ? 1531 : 1500]);
  });

  it("apart keeps to a sixteenth of the pool while it has ports, and to another one than most others", async () => {
    const { registries } = await several(8);
    const homes = new Set<number>();
    for (const registry of registries) {
      const ports: number[] = [];
      for (let turn = 0; turn < 20; turn++) {
        const lease = await registry.acquire({ ports: "1000-2599", selection: "apart" });
        ports.push(lease.port);
        await lease.release();
      }
      const [first] = ports;
      // Round the end of the pool as well; and beyond its part, where those at its end were just left.
      const away = ports.map((port) => (port - first! + 800 + 1600) % 1600);
      expect(Math.max(...away) - Math.min(...away)).toBeLessThanOrEqual(120);
      homes.add(first!);
    }
    expect(homes.size).toBeGreaterThan(1);
  });

  it("apart looks elsewhere once another was quicker where it is at home", async () => {
    const { registries, enter } = await several(1, { random: () => 0 });
    const ask: AcquireOptions = { ports: "100-199", selection: "apart" };
    expect((await registries[0]!.acquire(ask)).port).toBe(100);
    let draw = 0;
    const other = await enter(2, { random: () => draw });
    expect((await other.acquire(ask)).port).toBe(101);
    draw = 0.5;
    expect((await other.acquire(ask)).port).toBe(153);
    // Nobody was in its way there: it stays.
    draw = 0.2;
    expect((await other.acquire(ask)).port).toBe(151);
  });

  it("requests of one registry at the same time are after different ports", async () => {
    const looks: (readonly string[])[] = [];
    const { registries } = await several(1, { random: () => 0.5, wrap: seen(looks) });
    const ask: AcquireOptions = { ports: "10-59", selection: "random" };
    const leases = await Promise.all(Array.from({ length: 20 }, () => registries[0]!.acquire(ask)));
    expect(new Set(leases.map(({ port }) => port)).size).toBe(20);
    expect(looks.length).toBe(20);
    expect(new Set(looks.flat()).size).toBe(20);
    // What nobody is after any more is for everybody again.
    await Promise.all(leases.map((lease) => lease.release()));
    expect((await registries[0]!.acquire({ ports: "35" })).port).toBe(35);
  });
});

describe("the first look of a request", () => {
  it.each<[string, AcquireOptions, number]>([
    ["one port", {}, 1],
    ["three ports", { count: 3 }, 3],
    ["a block", { ports: "1000-1999", count: 200, contiguous: true }, 200],
    [
      "a block of both protocols",
      { ports: "1000-1999", count: 200, contiguous: true, protocol: ["tcp", "udp"] },
      400,
    ],
  ])("for %s is at so many slots", async (_, options, expected) => {
    const looks: (readonly string[])[] = [];
    const registry = await join({ state: newState(), machine: new Machine(), wrap: seen(looks) });
    await registry.acquire(options);
    expect(looks.map(({ length }) => length)).toEqual([expected]);
  });

  it("for several parts is at all of theirs, however many they are", async () => {
    const { registries } = await several(1);
    const { one, block } = await registries[0]!.acquireAll({
      one: { ports: "3000-3999" },
      block: { ports: "1000-1999", count: 1000, contiguous: true, protocol: ["tcp", "udp"] },
    });
    expect([one.ports.length, block.ports.length]).toEqual([1, 1000]);
  });
});
