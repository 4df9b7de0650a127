// acquire(): which port a request gets, and what it is told when there is none.

import { describe, expect, it } from "vitest";

import { PortSet } from "../../src/core/index.ts";
import { nameStart } from "../../src/core/selection.ts";
import { join, Machine, newState, processOf, sorted, summary } from "./world.ts";

describe("a lease", () => {
  it("says what was granted to whom, and the list says the same", async () => {
    const registry = await join({ state: newState(), machine: new Machine(), pid: 7 });
    const lease = await registry.acquire({ name: "web", ports: "3000-3001", count: 2, protocol: "udp" });
    const facts = {
      id: expect.stringMatching(/^lease-7-1/u) as string,
      name: "web",
      ports: [3000, 3001],
      protocols: ["udp"],
      addresses: ["::"],
      holder: processOf(7),
      grantedAt: 1_700_000_000_000,
      token: { epoch: 1, revision: 1 },
    };
    expect(lease).toMatchObject({ ...facts, ports: expect.arrayContaining([3000, 3001]) as number[] });
    expect(lease).toMatchObject({ port: lease.ports[0], ttlMs: null });
    expect(lease.endpoints).toEqual(lease.ports.map((port) => ({ protocol: "udp", address: "::", port })));
    expect([lease.isValid(), lease.lost.aborted]).toEqual([true, false]);
    expect(Object.isFrozen(lease)).toBe(true);
    const listed = { state: "held", hasTimeLimit: false, heir: null, isHeldInKernel: false };
    expect(await registry.list()).toEqual([{ ...facts, ...listed }]);
  });

  it("has a token that is larger than that of every lease before it, and list() says the same one", async () => {
    const state = newState();
    const machine = new Machine();
    machine.verdicts.set(101, "stranger");
    const registries = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const revisions: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const registry = registries[turn % 2]!;
      const lease = await registry.acquire({
        count: turn === 2 ? 3 : 1,
        ...(turn % 3 && { name: `n${turn}` }),
      });
      const listed = (await registry.list()).find(({ id }) => id === lease.id);
      expect(listed?.token).toEqual(lease.token);
      revisions.push(lease.token.revision);
      if (turn % 2) await lease.release();
    }
    expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
  });
});

describe("an unnamed request", () => {
  it("starts at a random port and goes upward and round, each port once", async () => {
    const registry = await join({ state: newState(), machine: new Machine(), random: () => 0.75 });
    const given: number[] = [];
    for (let turn = 0; turn < 4; turn++) given.push((await registry.acquire({ ports: "10,20,30-31" })).port);
    expect(given).toEqual([31, 10, 20, 30]);
  });

  it("comes out of the default pool when it names no ports", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    expect((await registry.acquire()).port).toBe(100);
    expect((await registry.acquire({})).port).toBe(101);
  });

  it.each<[string, string | number | PortSet | Iterable<number>, number]>([
    ["a port", 4711, 4711],
    ["a text", "4711", 4711],
    ["a range without some", "4700-4711,!4700-4710", 4711],
    ["a set", PortSet.range(4711, 4712), 4711],
    ["an array", [4711], 4711],
    ["a Set", new Set([4711, 4712]), 4711],
    ["a generator", [4711, 4711].values(), 4711],
  ])("takes its ports as %s", async (_, ports, port) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    expect((await registry.acquire({ ports })).port).toBe(port);
  });

  it("keeps strictly to its ports", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const ports = "50,60-62";
    for (let turn = 0; turn < 4; turn++) {
      expect([50, 60, 61, 62]).toContain((await registry.acquire({ ports })).port);
    }
    await expect(registry.acquire({ ports })).rejects.toMatchObject({ code: "NO_PORT_AVAILABLE" });
  });

  it("never gets a port that another process leases, living or not to be judged", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    await one.acquire({ ports: 50 });
    const refusal = {
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 1, stranger: 0, forbidden: 0 },
      message:
        "no tcp port available in 50: 1 leased to program-1 (pid 1); ask for more ports, or see `moorage ls`",
    };
    await expect(two.acquire({ ports: 50 })).rejects.toMatchObject(refusal);
    await expect(one.acquire({ ports: 50 })).rejects.toMatchObject(refusal);
    machine.unknown.add(1);
    await expect(two.acquire({ ports: 50 })).rejects.toMatchObject(refusal);
  });

  it("that is refused is told the holders that stood in its way", async () => {
    const state = newState();
    const machine = new Machine();
    for (const pid of [1, 2]) await (await join({ state, machine, pid })).acquire({ ports: "50-51" });
    const three = await join({ state, machine, pid: 3 });
    await expect(three.acquire({ ports: "50-51" })).rejects.toThrow(
      "2 leased (1 to program-1 (pid 1), 1 to program-2 (pid 2)); ask",
    );
  });

  it("gets the port of a dead holder, with no clean-up before", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const former = await one.acquire({ ports: 50, name: "old" });
    machine.kill(1);
    expect(await summary(two)).toEqual(["old 50 abandoned"]);
    const lease = await two.acquire({ ports: 50 });
    expect(await summary(two)).toEqual(["- 50"]);
    expect(lease.token.revision).toBeGreaterThan(former.token.revision);
  });
});

describe("a request by name", () => {
  it("starts where the hash of the name says, so that every folder gives it the same port", async () => {
    const ports = [];
    for (const random of [0, 0.3, 0.9]) {
      const state = newState();
      const registry = await join({ state, machine: new Machine(), random: () => random });
      ports.push((await registry.acquire({ name: "web", ports: "3000-3999" })).port);
    }
    const expected = 3000 + nameStart("web", 1000);
    expect(ports).toEqual([expected, expected, expected]);
  });
});

describe("prefer", () => {
  it.each([105, 100, 4711])("is tried first, in the range or not: %i", async (prefer) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    expect((await registry.acquire({ prefer })).port).toBe(prefer);
    expect((await registry.acquire({ prefer })).port).toBe(prefer === 100 ? 101 : 100);
  });

  it("comes first of several, and never twice", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ ports: "10-13", prefer: 12, count: 4 });
    expect(lease.ports).toEqual([12, 10, 11, 13]);
    const other = await registry.acquire({ ports: "20-21", prefer: 30, count: 3 });
    expect(other.ports).toEqual([30, 20, 21]);
  });

  it("yields to a stranger, and is counted among the refused", async () => {
    const machine = new Machine();
    machine.verdicts.set(4711, "stranger");
    const registry = await join({ state: newState(), machine });
    expect((await registry.acquire({ prefer: 4711 })).port).toBe(100);
    await registry.acquire({ ports: 50 });
    await expect(registry.acquire({ ports: 50, prefer: 4711 })).rejects.toMatchObject({
      refused: { leased: 1, stranger: 1 },
    });
  });

  it("is all there is when the set of ports was emptied", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const ports = PortSet.of([1]).without([1]);
    expect((await registry.acquire({ ports, prefer: 4711 })).port).toBe(4711);
    await expect(registry.acquire({ ports, prefer: 4711 })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 1 },
    });
  });
});

describe("count", () => {
  it("gives that many ports in one lease", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ count: 10 });
    expect(lease.ports).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
    expect(lease.port).toBe(100);
    expect(await summary(registry)).toEqual(["- 100,101,102,103,104,105,106,107,108,109"]);
  });

  it("gives all or none", async () => {
    const state = newState();
    const machine = new Machine();
    machine.verdicts.set(103, "stranger");
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    await one.acquire({ prefer: 101 });
    await expect(two.acquire({ count: 9 })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 1, stranger: 1, forbidden: 0 },
    });
    expect(await summary(two)).toEqual(["- 101"]);
    expect(sorted((await two.acquire({ count: 8 })).ports)).toEqual([100, 102, 104, 105, 106, 107, 108, 109]);
  });

  it("of 1000 is possible", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ ports: "10000-10999", count: 1000 });
    expect(new Set(lease.ports).size).toBe(1000);
    await lease.release();
    expect(await registry.list()).toEqual([]);
  });
});

describe("requests at the same time", () => {
  it("in one process all get different ports", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const leases = await Promise.all(Array.from({ length: 10 }, () => registry.acquire()));
    expect(new Set(leases.map(({ port }) => port)).size).toBe(10);
    await expect(registry.acquire()).rejects.toMatchObject({ refused: { leased: 10 } });
  });

  it("of many processes fill a range to its last port", async () => {
    const state = newState();
    const machine = new Machine();
    const members = [1, 2, 3, 4, 5].map((pid) => join({ state, machine, pid, random: Math.random }));
    const registries = await Promise.all(members);
    const leases = await Promise.all(
      registries.flatMap((registry) => [registry.acquire(), registry.acquire()]),
    );
    expect(new Set(leases.map(({ port }) => port))).toEqual(new Set(PortSet.parse("100-109")));
    expect(await registries[0]!.list()).toHaveLength(10);
  });

  it("for several ports each never share one", async () => {
    const state = newState();
    const machine = new Machine();
    const registries = await Promise.all([1, 2, 3].map((pid) => join({ state, machine, pid })));
    const outcomes = await Promise.allSettled(registries.map((registry) => registry.acquire({ count: 4 })));
    const ports = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value.ports : []));
    expect(new Set(ports).size).toBe(8);
    expect(ports).toHaveLength(8);
    expect((await registries[0]!.list()).flatMap((lease) => lease.ports)).toHaveLength(8);
  });
});
