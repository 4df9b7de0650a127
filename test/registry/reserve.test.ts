// Ports that a name keeps without having leased them.

import { describe, expect, test } from "vitest";
import { nameKey, readName, writeRecord } from "../../src/contract/index.ts";
import { portsOfName, reserve, type World } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import {
  join,
  Machine,
  newState,
  outcome,
  processOf,
  SCOPE,
  several,
  type Several,
  worldOf,
} from "./world.ts";

interface Scene extends Several {
  readonly world: World;
}

/** Two registries, of processes 1 and 2, and the world of process 9. */
async function begin(): Promise<Scene> {
  const scene = await several(2);
  return { ...scene, world: await worldOf({ ...scene, pid: 9 }) };
}

async function outcomeOf(call: Promise<readonly number[]>): Promise<unknown> {
  return await call.catch(({ code }: { code?: string }) => code);
}

describe("a reservation", () => {
  test("keeps a port for a name, and leases it to nobody", async () => {
    const { registries, world } = await begin();
    expect(await portsOfName(world, "web")).toBeUndefined();
    expect(await reserve(world, { name: "web", ports: "50-51", prefer: 50 })).toEqual([50]);
    expect(await portsOfName(world, "web")).toEqual([50]);
    const [one, two] = registries;
    expect(await one!.list()).toEqual([]);
    expect(await one!.reservations()).toEqual([
      { name: "web", ports: [50], protocols: ["tcp"], addresses: ["::"] },
    ]);
    expect(await outcome(two!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
    expect(await outcome(one!.acquire({ name: "web" }))).toEqual([50]);
  });

  test("is made once: the next one finds it", async () => {
    const { world } = await begin();
    await reserve(world, { name: "web", prefer: 60, protocol: ["tcp", "udp"] });
    expect(await reserve(world, { name: "web", prefer: 70 })).toEqual([60]);
  });

  test("begins where the name points, as a lease would", async () => {
    const { registries, world } = await begin();
    const [port] = await reserve(world, { name: "web" });
    await registries[0]!.giveUp("web");
    const other = await several(1);
    expect(await outcome(other.registries[0]!.acquire({ name: "web" }))).toEqual([port]);
  });

  test("passes over what is leased, kept, a stranger's, forbidden or guarded from elsewhere", async () => {
    const { registries, machine, world } = await begin();
    await registries[0]!.acquire({ ports: 50 });
    await reserve(world, { name: "db", ports: 51 });
    machine.verdicts.set(52, "stranger").set(53, "forbidden");
    const elsewhere = await join({ machine, state: newState(), pid: 3 });
    await elsewhere.acquire({ ports: 54 });
    await expect(reserve(world, { name: "web", ports: "50-54" })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 1, kept: 1, stranger: 1, forbidden: 1, guarded: 1 },
    });
    expect(await reserve(world, { name: "web", ports: "50-55" })).toEqual([55]);
  });

  test("takes the port of a dead holder, whose claim goes", async () => {
    const { registries, machine, world, enter } = await begin();
    await registries[0]!.acquire({ ports: 50, ttlMs: 1000 });
    await registries[1]!.acquire({ ports: 51 });
    machine.kill(1);
    machine.kill(2);
    await machine.time.advance(5000);
    expect(await reserve(world, { name: "a", ports: 50 })).toEqual([50]);
    expect(await reserve(world, { name: "b", ports: 51 })).toEqual([51]);
    expect(await (await enter(3)).list()).toEqual([]);
  });

  test("of a name that is leased is of the ports that it has", async () => {
    const { registries, world } = await begin();
    const lease = await registries[0]!.acquire({ name: "web", ports: "50-59", count: 2 });
    expect(await reserve(world, { name: "web" })).toEqual(lease.ports);
    await lease.release();
    expect(await registries[1]!.reservations()).toMatchObject([{ name: "web", ports: lease.ports }]);
  });

  test("of a name whose lease is over is of its former port, if that is free", async () => {
    const { registries, machine, world } = await begin();
    const lease = await registries[0]!.acquire({ name: "web", ports: "50-59" });
    machine.kill(1);
    expect(await reserve(world, { name: "web" })).toEqual(lease.ports);
    expect(await registries[1]!.list()).toEqual([]);
  });

  test("waits while somebody is at work on the name, and ends the work of the dead", async () => {
    const { machine, registries, world } = await begin();
    await registries[0]!.acquire({ name: "web", ports: 50, kept: true });
    const slot = (await world.store.read(SCOPE, [nameKey("web")])).get(nameKey("web"))!;
    const value = writeRecord({ ...readName(slot)!, granting: processOf(1) });
    await world.store.commit(SCOPE, [{ key: slot.key, ifRevision: slot.revision, value }]);
    expect(await portsOfName(world, "web")).toBeUndefined();
    const waiting = reserve(world, { name: "web" });
    await machine.time.advance(100);
    machine.kill(1);
    await machine.time.advance(100);
    expect(await waiting).toEqual([50]);
  });

  test("is refused when that work does not end", async () => {
    const { machine, registries, world } = await begin();
    await registries[0]!.acquire({ name: "web", ports: 50, kept: true });
    const slot = (await world.store.read(SCOPE, [nameKey("web")])).get(nameKey("web"))!;
    const value = writeRecord({ ...readName(slot)!, granting: processOf(1) });
    await world.store.commit(SCOPE, [{ key: slot.key, ifRevision: slot.revision, value }]);
    const refused = outcomeOf(reserve(world, { name: "web" }));
    await machine.time.advance(11_000);
    expect(await refused).toBe("NAME_HELD");
  });

  test("is tried again when its port or its name changed meanwhile", async () => {
    const [machine, state, faults] = [new Machine(), newState(), faulty()];
    const world = await worldOf({ machine, state, wrap: faults.wrap });
    faults.conflict(2);
    expect(await reserve(world, { name: "web", ports: 50 })).toEqual([50]);
  });

  test.each([
    ["without a name", {}, /^`kept`: ports are kept for a name/u],
    ["with a port that is none", { name: "web", prefer: 0 }, /^`prefer`: expected a whole number/u],
    ["with an option that there is not", { name: "web", port: 80 }, /^reserve: unknown option `port`/u],
  ])("%s is a misuse", async (_, options, message) => {
    const { world } = await begin();
    await expect(reserve(world, options as { name: string })).rejects.toThrow(message);
  });
});

test("a name that somebody else leases between two looks is held, and not without a port", async () => {
  const [machine, state, faults] = [new Machine(), newState(), faulty()];
  const one = await join({ machine, state, pid: 1 });
  await (await one.acquire({ name: "web", ports: 50, kept: true })).release();
  const two = await join({ machine, state, pid: 2, wrap: faults.wrap });
  let isFirst = true;
  // Behind the look at the name, before the one at its port.
  faults.before = async (call) => {
    if (call !== "read" || faults.calls.read !== 3 || !isFirst) return;
    isFirst = false;
    await one.acquire({ name: "web" });
  };
  expect(await outcome(two.acquire({ name: "web" }))).toBe("NAME_HELD");
  expect(isFirst).toBe(false);
});
