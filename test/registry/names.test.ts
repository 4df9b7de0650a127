// Names: one living lease each; the same process gets it again, anybody else is told who has it.

import { setImmediate } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import type { AcquireOptions } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { join, Machine, newState, several, summary } from "./world.ts";

describe("a name, asked for again by its holder", () => {
  it("is the same lease object, however often and at the same time", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ name: "web" });
    expect(await registry.acquire({ name: "web" })).toBe(lease);
    const again = await Promise.all([1, 2, 3].map(() => registry.acquire({ name: "web" })));
    for (const one of again) expect(one).toBe(lease);
    expect(await summary(registry)).toEqual([`web ${lease.port}`]);
  });

  const held = { name: "web", ports: "50-59", count: 2 };
  it.each<[string, AcquireOptions]>([
    ["the same", {}],
    ["ports that hold the leased ones", { ports: "1-1000" }],
    ["a wish, now that it has its ports", { prefer: 59 }],
  ])("for %s is the same lease", async (_, changes) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire(held);
    const before = await registry.list();
    expect(await registry.acquire({ ...held, ...changes })).toBe(lease);
    expect(await registry.list()).toEqual(before);
  });

  it.each<[string, AcquireOptions, asked: string]>([
    ["other ports", { ports: "60-69" }, "a port of 60-69 instead of 5"],
    ["fewer", { count: 1 }, "1 port instead of 2;"],
    ["more", { count: 3 }, "3 ports instead of 2;"],
    ["another protocol", { protocol: "udp" }, "udp instead of tcp;"],
    ["another address", { address: "127.0.0.1" }, "127.0.0.1 instead of ::;"],
    ["a time", { ttlMs: 1000 }, "a time limit instead of none;"],
  ])("for %s is NAME_HELD by its own holder", async (_, changes, asked) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire(held);
    const before = await registry.list();
    await expect(registry.acquire({ ...held, ...changes })).rejects.toMatchObject({
      code: "NAME_HELD",
      leaseName: "web",
      ports: lease.ports,
      holder: { pid: 1, command: "program-1" },
      message: expect.stringContaining(
        `is held by program-1 (pid 1) already, and asked for is ${asked}`,
      ) as string,
    });
    expect(await registry.list()).toEqual(before);
  });

  it("is granted once to requests at the same time", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const leases = await Promise.all(Array.from({ length: 8 }, () => registry.acquire({ name: "web" })));
    expect(new Set(leases).size).toBe(1);
    expect(await registry.list()).toHaveLength(1);
  });

  it("is never told with a port that the kernel then refuses", async () => {
    const machine = new Machine();
    const registry = await join({ state: newState(), machine });
    const first = (await registry.acquire({ name: "web" })).port;
    await registry.release("web");
    machine.verdicts.set(first, "stranger");
    const second = registry.acquire({ name: "web" });
    let third: ReturnType<typeof registry.acquire> | undefined;
    // Asked for in the moment between the claim and the kernel's answer.
    machine.beforeLook = () => void (third ??= registry.acquire({ name: "web" }));
    const lease = await second;
    expect(lease.port).not.toBe(first);
    expect(await third).toBe(lease);
    expect(await summary(registry)).toEqual([`web ${lease.port}`]);
  });

  it("is a new lease when the old one is on its way back", async () => {
    const faults = faulty();
    const options = { state: newState(), machine: new Machine(), wrap: faults.wrap };
    const registry = await join(options);
    const old = await registry.acquire({ name: "web" });
    // The release stops before its commit, so that the acquire could overtake it.
    faults.before = (call) => (call === "commit" ? setImmediate() : undefined);
    const [, lease] = await Promise.all([old.release(), registry.acquire({ name: "web" })]);
    expect(lease).not.toBe(old);
    expect((await registry.list()).map(({ id }) => id)).toEqual([lease.id]);
  });

  it("has the ports that are left when one of them was released by its number", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ name: "web", count: 2 });
    const [gone, left] = lease.ports;
    await registry.release(gone!);
    const again = await registry.acquire({ name: "web" });
    expect(again).toMatchObject({ id: lease.id, ports: [left], port: left });
    await expect(registry.acquire({ name: "web", count: 2 })).rejects.toMatchObject({ code: "NAME_HELD" });
    await again.release();
    expect(await registry.list()).toEqual([]);
  });
});

describe("a name, asked for by another process", () => {
  it("is NAME_HELD, with the holder, while that lives", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const lease = await one.acquire({ name: "web", count: 2 });
    const [a, b] = lease.ports;
    const refusal = {
      code: "NAME_HELD",
      leaseName: "web",
      ports: [a, b],
      holder: { pid: 1, command: "program-1" },
      message: `"web" (ports ${a}, ${b}) is held by program-1 (pid 1); choose another name, wait for it (\`wait\`), or take it away with \`moorage release --force web\``,
    };
    await expect(two.acquire({ name: "web", count: 2 })).rejects.toMatchObject(refusal);
    machine.unknown.add(1);
    await expect(two.acquire({ name: "web" })).rejects.toMatchObject(refusal);
    expect(await summary(two)).toEqual([`web ${a},${b}`]);
  });

  it.each([
    ["two words", "'two words'"],
    ["it's", "'it'\\''s'"],
    ["-x", "-- -x"],
    ["web (worker 1 of run 2.3)", "'web (worker 1 of run 2.3)'"],
    ["@shop/web.dev", "@shop/web.dev"],
  ])("is written for a shell where the way to take it away is told: %s", async (name, word) => {
    const { registries } = await several(2);
    await registries[0]!.acquire({ name });
    const command = `\`moorage release --force ${word}\``;
    await expect(registries[1]!.acquire({ name })).rejects.toThrow(command);
  });

  it("is NAME_HELD when the lease is held for a third one", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const lease = await one.acquire({ name: "web", for: 3 });
    expect(lease.holder.pid).toBe(3);
    for (const registry of [one, two]) {
      await expect(registry.acquire({ name: "web" })).rejects.toMatchObject({ holder: { pid: 3 } });
    }
    expect(await two.acquire({ name: "web", for: 3 })).toMatchObject({ id: lease.id, port: lease.port });
  });

  it("goes to one of many that ask at the same time", async () => {
    const state = newState();
    const machine = new Machine();
    const registries = await Promise.all(
      [1, 2, 3, 4].map((pid) => join({ state, machine, pid, random: Math.random })),
    );
    const outcomes = await Promise.allSettled(
      registries.map((registry) => registry.acquire({ name: "web" })),
    );
    const refusals = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refusals.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 3 }, () => "NAME_HELD"),
    );
    expect(await registries[0]!.list()).toHaveLength(1);
  });
});

describe("the name of a dead holder", () => {
  it("finds its ports again, whatever else is free", async () => {
    const state = newState();
    const machine = new Machine();
    const one = await join({ state, machine });
    const former = await one.acquire({ name: "web", ports: "200-299", prefer: 250, count: 2 });
    machine.kill(1);
    const two = await join({ state, machine, pid: 2 });
    const lease = await two.acquire({ name: "web", ports: "200-299", count: 2 });
    expect(lease.ports).toEqual(former.ports);
    expect(lease.id).not.toBe(former.id);
    expect(lease.token.revision).toBeGreaterThan(former.token.revision);
    expect(await summary(two)).toEqual([`web ${lease.ports.toSorted((a, b) => a - b).join()}`]);
  });

  it("does not leave the range for them", async () => {
    const state = newState();
    const machine = new Machine();
    await (await join({ state, machine })).acquire({ name: "web", prefer: 4711 });
    machine.kill(1);
    const two = await join({ state, machine, pid: 2 });
    expect((await two.acquire({ name: "web", ports: 50 })).port).toBe(50);
    expect(await summary(two)).toEqual(["web 50", "web 4711 abandoned"]);
    await two.release("web");
    expect(await summary(two)).toEqual(["web 4711 abandoned"]);
  });

  it("takes another port when somebody has its own by now", async () => {
    const state = newState();
    const machine = new Machine();
    await (await join({ state, machine })).acquire({ name: "web", ports: "50-51", prefer: 51 });
    machine.kill(1);
    const two = await join({ state, machine, pid: 2 });
    await two.acquire({ ports: 51 });
    const three = await join({ state, machine, pid: 3 });
    expect((await three.acquire({ name: "web", ports: "50-51" })).port).toBe(50);
    expect(await summary(three)).toEqual(["web 50", "- 51"]);
  });
});

describe("names", () => {
  it("are told apart to the letter", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const names = ["web", "Web", "web/1", "port/tcp/100", "🚢", "ü", "u\u0308", "a'b\"", "__proto__", "0x50"];
    for (const name of names) await registry.acquire({ name });
    expect(new Set((await registry.list()).map(({ name }) => name))).toEqual(new Set(names));
    for (const name of names) expect(await registry.release(name)).toMatchObject([{ name }]);
    expect(await registry.list()).toEqual([]);
  });
});
