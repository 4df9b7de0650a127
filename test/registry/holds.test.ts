// Leases that hold their ports in the kernel: when they do, and until when.

import { describe, expect, it } from "vitest";

import type { AcquireOptions, Registry } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { join, Machine, newState, outcome, type Several, several, sorted } from "./world.ts";

async function holding(count = 1): Promise<Several> {
  const world = await several(0);
  world.machine.hasHolds = true;
  const registries: Registry[] = [];
  for (let pid = 1; pid <= count; pid++) registries.push(await world.enter(pid));
  return { ...world, registries };
}

describe("a lease", () => {
  it.each<[string, AcquireOptions, readonly string[]]>([
    ["of the whole port", { ports: 50 }, ["50 on :: of 1"]],
    ["of two ports", { ports: "50-51", count: 2 }, ["50 on :: of 1", "51 on :: of 1"]],
    [
      "of two addresses",
      { ports: 50, address: ["127.0.0.1", "::1"] },
      ["50 on 127.0.0.1 of 1", "50 on ::1 of 1"],
    ],
    ["of tcp and udp holds tcp", { ports: 50, protocol: ["tcp", "udp"] }, ["50 on :: of 1"]],
    ["of udp holds nothing", { ports: 50, protocol: "udp" }, []],
    ["for another process holds nothing", { ports: 50, for: 7 }, []],
    ["with a time limit holds", { ports: 50, ttlMs: 1000 }, ["50 on :: of 1"]],
    ["that asks for no hold holds nothing", { ports: 50, hold: false }, []],
  ])("%s, says so, and lets go when it is released", async (_, options, expected) => {
    const { machine, registries } = await holding();
    const [registry] = registries;
    const lease = await registry!.acquire(options);
    expect(sorted(machine.holds)).toEqual(expected);
    const isHeldInKernel = expected.length > 0;
    expect(lease.isHeldInKernel).toBe(isHeldInKernel);
    expect(await registry!.list()).toMatchObject([{ isHeldInKernel }]);
    await lease.release();
    expect([...machine.holds]).toEqual([]);
  });

  it("is found again with its hold, by name", async () => {
    const { machine, registries } = await holding();
    await registries[0]!.acquire({ name: "web", ports: 50 });
    expect((await registries[0]!.acquire({ name: "web" })).isHeldInKernel).toBe(true);
    expect(machine.holds.size).toBe(1);
  });

  it("is looked at where the system cannot hold, and says that it is not held", async () => {
    const { machine, registries } = await several(1);
    expect((await registries[0]!.acquire({ ports: 50 })).isHeldInKernel).toBe(false);
    expect(machine.looks).toHaveLength(1);
  });
});

describe("what cannot be held", () => {
  it.each(["stranger", "forbidden"] as const)(
    "because of a %s is not granted, and let go",
    async (verdict) => {
      const { machine, registries } = await holding();
      machine.verdicts.set(51, verdict);
      expect(await outcome(registries[0]!.acquire({ ports: "50-52", count: 2 }))).toEqual([50, 52]);
      expect(sorted(machine.holds)).toEqual(["50 on :: of 1", "52 on :: of 1"]);
      expect(await outcome(registries[0]!.acquire({ ports: "51", count: 1 }))).toBe("NO_PORT_AVAILABLE");
      expect(machine.holds.size).toBe(2);
    },
  );

  it("as a whole leaves no hold of a part", async () => {
    const { machine, registries } = await holding();
    machine.verdicts.set(52, "stranger");
    const block = { ports: "50-52", count: 3, contiguous: true };
    expect(await outcome(registries[0]!.acquire(block))).toBe("NO_PORT_AVAILABLE");
    expect([...machine.holds]).toEqual([]);
  });

  it("for want of the address is an error", async () => {
    const { machine, registries } = await holding();
    machine.verdicts.set(50, "no-address");
    expect(await outcome(registries[0]!.acquire({ ports: 50 }))).toBe("INVALID_ADDRESS");
    expect([...machine.holds]).toEqual([]);
  });
});

describe("a hold ends", () => {
  it("with a transfer, and the new holder takes one when it adopts the lease", async () => {
    const { machine, registries } = await holding(2);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
    expect((await lease.transfer(2)).isHeldInKernel).toBe(false);
    expect([...machine.holds]).toEqual([]);
    const adopted = await registries[1]!.adopt("web");
    expect(adopted.isHeldInKernel).toBe(true);
    expect([...machine.holds]).toEqual(["50 on :: of 2"]);
    await adopted.release();
    expect([...machine.holds]).toEqual([]);
  });

  it("with the release of a lease whose adoption was called off while its holder did not answer", async () => {
    const { machine, registries, enter } = await holding(1);
    const child = await enter(2, { parents: [1] });
    await registries[0]!.acquire({ name: "web", ports: 50 });
    machine.stop(1);
    const aborting = new AbortController();
    const adopting = child.adopt("web", { signal: aborting.signal });
    await machine.time.advance(100);
    aborting.abort(new Error("enough"));
    const lease = await adopting;
    expect(sorted(machine.holds)).toEqual(["50 on :: of 1", "50 on :: of 2"]);
    await lease.release();
    expect([...machine.holds]).toEqual(["50 on :: of 1"]);
  });

  it("not with an adoption beside a listener: that is a lease without one", async () => {
    const { machine, registries } = await holding(2);
    await registries[0]!.acquire({ name: "web", ports: "50-51", count: 2 });
    machine.kill(1);
    machine.verdicts.set(51, "stranger");
    expect((await registries[1]!.adopt("web")).isHeldInKernel).toBe(false);
    expect([...machine.holds]).toEqual([]);
  });

  it("when the time of the lease is over", async () => {
    const { machine, registries } = await holding();
    const lease = await registries[0]!.acquire({ ports: 50, ttlMs: 1000 });
    machine.stop(1);
    await machine.time.advance(1000);
    await machine.goOn(1);
    expect([lease.isValid(), [...machine.holds]]).toEqual([false, []]);
  });

  it("not with a release that the store refuses", async () => {
    const [machine, faults] = [new Machine(), faulty()];
    machine.hasHolds = true;
    const registry = await join({ state: newState(), machine, wrap: faults.wrap });
    const lease = await registry.acquire({ ports: 50 });
    faults.fail("commit", 1, new Error("full"));
    await expect(lease.release()).rejects.toThrow("full");
    expect([...machine.holds]).toEqual(["50 on :: of 1"]);
    await lease.release();
    expect([...machine.holds]).toEqual([]);
  });

  it("with the registry", async () => {
    const { machine, registries } = await holding();
    await registries[0]!.acquire({ ports: "50-52", count: 3 });
    await registries[0]!.close();
    expect([...machine.holds]).toEqual([]);
  });
});
