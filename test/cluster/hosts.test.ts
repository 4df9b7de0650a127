// The same ports on several hosts: granted in one commit, given back together.

import { describe, expect, it } from "vitest";
import { bindHost, type Registry } from "../../src/registry/index.ts";
import { memory, type SharedMemory } from "../../src/stores/memory/index.ts";
import { join, Machine, outcome, SESSION_TTL_MS, summary } from "../registry/world.ts";

interface Scene {
  readonly machines: Readonly<Record<"a" | "b" | "c", Machine>>;
  readonly registries: Readonly<Record<"a" | "b" | "c", Registry>>;
  readonly state: SharedMemory;
  readonly advance: (ms: number) => Promise<void>;
}

/** Three hosts on one engine, with one process each, pids 1 to 3. */
async function hosts(changes = 10_000): Promise<Scene> {
  const machines = { a: new Machine(), b: new Machine(), c: new Machine() };
  const { time } = machines.a;
  const state = memory({
    changes,
    expiring: { clock: time.clockOf(0), ttl: { least: 2000, step: 1000 } },
  });
  const store = await state.open();
  const enter = async (name: "a" | "b" | "c", pid: number): Promise<Registry> => {
    const machine = Object.assign(machines[name], { boot: `boot-${name}`, time });
    return await join({ state, machine, pid, scope: await bindHost(store, name) });
  };
  return {
    machines,
    registries: { a: await enter("a", 1), b: await enter("b", 2), c: await enter("c", 3) },
    state,
    advance: (ms) => time.advance(ms),
  };
}

describe("a lease over several hosts", () => {
  it("has the same port on all of them, guarded on its own, and nobody else gets it on any", async () => {
    const { machines, registries } = await hosts();
    const { a, b, c } = registries;
    await b.acquire({ ports: 50 });
    const lease = await a.acquire({ hosts: ["a", "b"], ports: "50-52" });
    expect(lease).toMatchObject({ ports: [51], hosts: ["a", "b"], name: null });
    expect([machines.a.guards, machines.b.guards]).toEqual([["tcp/51 of 1"], ["tcp/50 of 2"]]);
    expect(await summary(a)).toEqual(["- 51"]);
    expect(await summary(b)).toEqual(["- 50", "- 51"]);
    expect(await summary(c)).toEqual([]);
    for (const registry of [a, b]) {
      expect(await outcome(registry.acquire({ ports: 51 }))).toBe("NO_PORT_AVAILABLE");
    }
    expect(await outcome(c.acquire({ ports: 51 }))).toEqual([51]);
  });

  it("is given back on all of them together", async () => {
    const { registries } = await hosts();
    const { a, b } = registries;
    const lease = await a.acquire({ hosts: ["a", "b", "c"], ports: "50-53", count: 2 });
    await lease.release();
    for (const registry of Object.values(registries)) expect(await registry.list()).toEqual([]);
    const again = await a.acquire({ hosts: ["a", "b"], ports: "50-53", count: 2, contiguous: true });
    await a.release(again.port);
    await a.release(again.ports[1]!);
    expect([await a.list(), await b.list()]).toEqual([[], []]);
    expect(again.lost.aborted).toBe(true);
  });

  it("asks the kernel of its own host only, and gives up everywhere what that refuses", async () => {
    const { machines, registries } = await hosts();
    machines.a.verdicts.set(50, "stranger");
    machines.b.verdicts.set(51, "stranger");
    const lease = await registries.a.acquire({ hosts: ["b", "a"], ports: "50-52" });
    expect(lease.port).toBe(51);
    expect(await summary(registries.b)).toEqual(["- 51"]);
  });

  it("can be one of other hosts alone, which has no guard anywhere", async () => {
    const { machines, registries } = await hosts();
    const lease = await registries.a.acquire({ hosts: ["b", "c"], ports: 50 });
    expect([machines.a.guards, machines.b.guards, lease.isHeldInKernel]).toEqual([[], [], false]);
    expect(await registries.a.list()).toEqual([]);
    expect(await outcome(registries.a.acquire({ ports: 50 }))).toEqual([50]);
    expect(await outcome(registries.b.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
  });

  it("can be asked for by a pool, which has nothing of it", async () => {
    const { machines, registries, state } = await hosts();
    const pool = await join({ state, machine: machines.c, pid: 4, scope: "pool/vip-1" });
    await pool.acquire({ ports: 50 });
    expect(await outcome(pool.acquire({ hosts: ["a", "b"], ports: 50 }))).toEqual([50]);
    expect([await summary(pool), await summary(registries.a)]).toEqual([["- 50"], ["- 50"]]);
  });

  it("ends on all of them with the session of its process", async () => {
    const { machines, registries, advance } = await hosts();
    const { a, b, c } = registries;
    await a.acquire({ hosts: ["a", "b", "c"], ports: 50 });
    machines.a.kill(1);
    expect(await summary(b)).toEqual(["- 50"]);
    await advance(SESSION_TTL_MS);
    expect([await summary(b), await summary(c)]).toEqual([["- 50 abandoned"], ["- 50 abandoned"]]);
    expect(await outcome(b.acquire({ hosts: ["b", "c"], ports: 50 }))).toEqual([50]);
  });

  it("lives on where it is left when one host's part is taken away", async () => {
    const { registries, advance } = await hosts();
    const { a, b } = registries;
    const lease = await a.acquire({ hosts: ["a", "b"], ports: 50 });
    await b.release(50, { force: true });
    await advance(0);
    expect([lease.isValid(), await summary(a), await summary(b)]).toEqual([true, ["- 50"], []]);
    await lease.release();
    expect(await a.list()).toEqual([]);
  });

  it("is all or nothing beside others who want the same ports on some of the hosts", async () => {
    const { registries } = await hosts();
    const { a, b, c } = registries;
    const calls = [
      a.acquire({ hosts: ["a", "b"], ports: "50-55" }),
      b.acquire({ hosts: ["b", "c"], ports: "50-55" }),
      c.acquire({ hosts: ["c", "a"], ports: "50-55" }),
      a.acquire({ hosts: ["c", "b", "a"], ports: "50-55" }),
    ];
    const ports = (await Promise.all(calls)).map(({ port }) => port);
    expect(new Set(ports).size).toBe(4);
    expect((await a.list()).length + (await b.list()).length + (await c.list()).length).toBe(9);
  });
});

describe("hosts are refused", () => {
  it.each<[string, object, string]>([
    [
      "that no registry was opened for",
      { hosts: ["a", "d"] },
      '`hosts`: there is no host "d" on this engine',
    ],
    ["with a name", { hosts: ["a"], name: "web" }, "`hosts`: a lease over hosts has no name"],
    ["that are text", { hosts: "a" }, '`hosts`: expected a list of names, received the string "a"'],
    ["that are none", { hosts: [] }, "`hosts`: expected at least one, received an empty list"],
    ["that are numbers", { hosts: [1] }, "`hosts`: expected a string, received 1"],
  ])("%s", async (_, options, message) => {
    const { a } = (await hosts()).registries;
    await expect(a.acquire({ ports: "50-59", ...options })).rejects.toThrow(message);
    expect(await a.list()).toEqual([]);
  });

  it("where there is no engine", async () => {
    const registry = await join({ state: memory(), machine: new Machine() });
    await expect(registry.acquire({ hosts: ["a"] })).rejects.toThrow(
      "`hosts`: belongs to a registry on an engine",
    );
  });

  it("for transfers, and for heirs", async () => {
    const { a } = (await hosts()).registries;
    const lease = await a.acquire({ hosts: ["a", "b"], ports: 50 });
    for (const call of ["transfer", "leaveTo"] as const) {
      await expect(lease[call](1)).rejects.toThrow(
        `${call}: a lease over several hosts is its own process's`,
      );
    }
  });
});

describe("more slots than the engine changes in one commit", () => {
  it("are refused with the limit, and as many as fit are granted", async () => {
    const { a } = (await hosts(128)).registries;
    const pool = { ports: "1000-3000" };
    await expect(a.acquire({ ...pool, count: 1000 })).rejects.toThrow(
      "`count`: this store takes at most 128 changes in one commit, which is enough for 125 of these ports, received 1000",
    );
    await expect(a.acquire({ ...pool, count: 63, protocol: ["tcp", "udp"] })).rejects.toThrow("for 62 of");
    await expect(a.acquire({ ...pool, count: 42, hosts: ["a", "b", "c"] })).rejects.toThrow("for 41 of");
    const parts = { one: { ...pool, count: 60 }, two: { ...pool, count: 64 } };
    await expect(a.acquireAll(parts)).rejects.toThrow("this store takes at most 128 changes in one commit");
    expect((await a.acquire({ ...pool, count: 125 })).ports).toHaveLength(125);
    expect((await a.acquire({ ...pool, count: 41, hosts: ["a", "b", "c"] })).ports).toHaveLength(41);
  });

  it("are not reached by ports that are given up while others are claimed", async () => {
    const { machines, registries } = await hosts(128);
    for (let port = 1000; port < 1090; port++) machines.a.verdicts.set(port, "stranger");
    const lease = await registries.a.acquire({ ports: "1000-1999", count: 100 });
    expect(Math.min(...lease.ports)).toBe(1090);
    expect((await registries.a.list()).flatMap(({ ports }) => ports)).toHaveLength(100);
  });
});
