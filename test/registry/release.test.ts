// Giving back: by the lease, by name, by port; never what is not one's own.

import { describe, expect, it } from "vitest";

import { faulty } from "./faulty-store.ts";
import { join, Machine, newState, summary } from "./world.ts";

describe("a lease's release", () => {
  it("frees its ports and its name for everybody", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const lease = await one.acquire({ name: "web", ports: "50-51", count: 2 });
    await lease.release();
    expect(await one.list()).toEqual([]);
    await two.acquire({ name: "web", ports: "50-51", count: 2 });
    expect(await summary(two)).toEqual(["web 50,51"]);
  });

  it("is idempotent and joins the one under way", async () => {
    const { wrap, calls } = faulty();
    const registry = await join({ state: newState(), machine: new Machine(), wrap });
    const lease = await registry.acquire();
    const before = calls.commit;
    const first = lease.release();
    expect(lease.release()).toBe(first);
    await Promise.all([first, lease[Symbol.asyncDispose]()]);
    await lease.release();
    expect(calls.commit).toBe(before + 1);
  });

  it("comes with the end of an `await using` block", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    {
      await using lease = await registry.acquire({ ports: 50 });
      expect(await summary(registry)).toEqual([`- ${lease.port}`]);
    }
    expect(await registry.list()).toEqual([]);
  });

  it("can be tried again after a failure of the store", async () => {
    const faults = faulty();
    const registry = await join({ state: newState(), machine: new Machine(), wrap: faults.wrap });
    const lease = await registry.acquire({ name: "web", ports: 50 });
    const failure = new Error("the disk is gone");
    faults.fail("commit", 1, failure);
    const [one, two] = await Promise.allSettled([lease.release(), lease.release()]);
    expect([one, two]).toMatchObject([{ reason: failure }, { reason: failure }]);
    expect(await summary(registry)).toEqual(["web 50"]);
    await lease.release();
    expect(await registry.list()).toEqual([]);
  });

  it("never takes its successor's port", async () => {
    const state = newState();
    const machine = new Machine();
    const { wrap, calls } = faulty();
    const one = await join({ state, machine, wrap });
    const two = await join({ state, machine, pid: 2 });
    const old = await one.acquire({ name: "web", ports: 50 });
    await two.release("web", { force: true });
    const successor = await two.acquire({ name: "web", ports: 50 });
    const commits = calls.commit;
    await old.release();
    await one.close();
    expect(calls.commit).toBe(commits);
    expect((await two.list()).map(({ id }) => id)).toEqual([successor.id]);
    await expect((await join({ state, machine, pid: 3 })).acquire({ name: "web" })).rejects.toMatchObject({
      code: "NAME_HELD",
      holder: { pid: 2 },
    });
  });

  it("leaves its neighbours on the same port alone", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const mine = await one.acquire({ ports: 50, address: "127.0.0.1" });
    const theirs = await two.acquire({ ports: 50, address: "127.0.0.2" });
    await Promise.all([mine.release(), two.list()]);
    expect((await two.list()).map(({ id, token }) => [id, token])).toEqual([[theirs.id, theirs.token]]);
  });

  it("of many on one port at the same time loses none of the others' claims", async () => {
    const state = newState();
    const machine = new Machine();
    const members = [1, 2, 3, 4, 5, 6].map((pid) => join({ state, machine, pid }));
    const registries = await Promise.all(members);
    const leases = await Promise.all(
      registries.map((registry, index) => registry.acquire({ ports: 50, address: `127.0.0.${index + 1}` })),
    );
    await Promise.all(leases.slice(0, 5).map((lease) => lease.release()));
    expect((await registries[0]!.list()).map(({ id }) => id)).toEqual([leases[5]!.id]);
  });
});

describe("release by name or port", () => {
  it.each<[string, string | number]>([
    ["by name", "web"],
    ["by port", 50],
  ])("gives back what this process leased, and says what: %s", async (_, target) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ name: "web", ports: 50 });
    const listed = await registry.list();
    expect(await registry.release(target)).toEqual(listed);
    expect(listed[0]?.id).toBe(lease.id);
    expect(await registry.list()).toEqual([]);
    await expect(registry.release(target)).rejects.toMatchObject({
      code: "LEASE_NOT_FOUND",
      input: String(target),
      message: `no lease has ${target === "web" ? 'the name "web"' : "port 50"}`,
    });
  });

  it("by name gives all its ports back, by port that one alone", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    await registry.acquire({ name: "web", ports: "50-52", count: 3 });
    expect(await registry.release(51)).toMatchObject([{ name: "web", ports: [51] }]);
    expect(await summary(registry)).toEqual(["web 50,52"]);
    expect(await registry.release("web")).toMatchObject([{ name: "web", ports: [50, 52] }]);
    expect(await registry.list()).toEqual([]);
  });

  it("by port takes both protocols and all addresses", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    await registry.acquire({ ports: 50, address: "127.0.0.1" });
    await registry.acquire({ ports: 50, address: "127.0.0.2" });
    await registry.acquire({ ports: 50, protocol: "udp" });
    await registry.acquire({ ports: 51 });
    expect(await registry.release(50)).toHaveLength(3);
    expect(await summary(registry)).toEqual(["- 51"]);
  });

  /** Who asks, with which ancestors, of the lease of process 1. */
  interface Asker {
    readonly pid: number;
    readonly parents?: readonly number[];
    readonly holderIsDead?: boolean;
    readonly force?: boolean;
  }

  it.each<[string, Asker]>([
    ["the holder", { pid: 1 }],
    ["a child of the holder", { pid: 2, parents: [1] }],
    ["a grandchild of the holder", { pid: 3, parents: [2, 1] }],
    ["a stranger with force", { pid: 4, force: true }],
    ["a stranger when the holder is dead", { pid: 4, holderIsDead: true }],
  ])("is free to %s", async (_, { pid, parents = [], holderIsDead = false, force = false }) => {
    const state = newState();
    const machine = new Machine();
    await (await join({ state, machine })).acquire({ name: "web", ports: "50-51", count: 2 });
    const other = await join({ state, machine, pid, parents });
    if (holderIsDead) machine.kill(1);
    expect(await other.release("web", { force })).toMatchObject([{ name: "web", ports: [50, 51] }]);
    expect(await other.list()).toEqual([]);
  });

  it.each<[string, Asker]>([
    ["the holder's parent", { pid: 9 }],
    ["a stranger", { pid: 4, parents: [5, 6] }],
  ])("is refused to %s as LEASE_HELD", async (_, { pid, parents = [] }) => {
    const state = newState();
    const machine = new Machine();
    await (await join({ state, machine })).acquire({ name: "web", ports: "50-51", count: 2 });
    const other = await join({ state, machine, pid, parents });
    await expect(other.release("web")).rejects.toMatchObject({
      code: "LEASE_HELD",
      ports: [50, 51],
      holder: { pid: 1, command: "program-1" },
      message: expect.stringContaining(
        "program-1 (pid 1), which is running; `force` takes it away",
      ) as string,
    });
    expect(await summary(other)).toEqual(["web 50,51"]);
  });

  it("takes nothing when one of the leases on the port may not be taken", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    await one.acquire({ ports: 50, address: "127.0.0.1" });
    await two.acquire({ ports: 50, address: "127.0.0.2" });
    await expect(two.release(50)).rejects.toMatchObject({ code: "LEASE_HELD", holder: { pid: 1 } });
    expect(await two.list()).toHaveLength(2);
    machine.kill(1);
    expect(await two.release(50)).toHaveLength(2);
    expect(await two.list()).toEqual([]);
  });
});
