// Leases that are left to another process: they live on with it when their holder ends.

import { describe, expect, it } from "vitest";

import {
  isOverEngine,
  join,
  Machine,
  newState,
  outcome,
  processOf,
  several,
  sorted,
  summary,
} from "./world.ts";

describe("a lease that is left to a process", () => {
  it("lives on with it when its holder dies, and ends when both are dead", async () => {
    const { machine, registries, enter } = await several(2);
    const lease = await registries[0]!.acquire({ name: "web", ports: "50-51", count: 2 });
    await lease.leaveTo(7);
    expect(await registries[1]!.list()).toMatchObject([{ heir: processOf(7), state: "held" }]);
    machine.kill(1);
    expect(await summary(registries[1]!)).toEqual(["web 50,51"]);
    expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
    machine.kill(7);
    expect(await summary(registries[1]!)).toEqual(["web 50,51 abandoned"]);
    const next = await enter(3);
    const { ports } = await next.acquire({ name: "web", ports: "50-51", count: 2 });
    expect(sorted(ports)).toEqual([50, 51]);
  });

  it("is refused to others with the heir as its holder, when the first one is dead", async () => {
    const { machine, registries } = await several(2);
    await (await registries[0]!.acquire({ name: "web", ports: 50 })).leaveTo(7);
    const heldBy = async (options: object): Promise<unknown> =>
      await registries[1]!.acquire(options).then(
        () => undefined,
        (error: { holder?: { pid: number }; refused?: { holders: { pid: number }[] } }) =>
          error.holder?.pid ?? error.refused?.holders[0]?.pid,
      );
    expect([await heldBy({ name: "web" }), await heldBy({ ports: 50 })]).toEqual([1, 1]);
    machine.kill(1);
    expect([await heldBy({ name: "web" }), await heldBy({ ports: 50 })]).toEqual([7, 7]);
    await expect(registries[1]!.release("web")).rejects.toMatchObject({
      code: "LEASE_HELD",
      holder: { pid: 7 },
    });
  });

  it("keeps its token and its ports, and is released by its holder as before", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ ports: 50 });
    await lease.leaveTo(7);
    await lease.leaveTo(8);
    const [listed] = await registries[0]!.list();
    expect([listed?.token, listed?.heir?.pid]).toEqual([lease.token, 8]);
    await lease.release();
    expect(await summary(registries[0]!)).toEqual([]);
  });

  it("can be taken up and released by what descends from the heir", async () => {
    const state = newState();
    const machine = new Machine();
    const registry = await join({ state, machine });
    await (await registry.acquire({ name: "web", ports: 50 })).leaveTo(7);
    await (await registry.acquire({ name: "api", ports: 51 })).leaveTo(7);
    machine.kill(1);
    const grandchild = await join({ state, machine, pid: 9, parents: [8, 7] });
    expect((await grandchild.adopt("web")).ports).toEqual([50]);
    expect(await grandchild.release("api")).toMatchObject([{ ports: [51] }]);
  });

  it.each([
    ["no process", 10_000, "PROCESS_NOT_FOUND"],
    ["no pid", 0, "`pid`: expected"],
  ])("%s is refused", async (_, pid, expected) => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ ports: 50 });
    const error = (await lease.leaveTo(pid).catch((reason: unknown) => reason)) as Error & { code?: string };
    expect(error.code ?? error.message).toContain(expected);
    expect(await registries[0]!.list()).toMatchObject([{ heir: null }]);
  });

  it("cannot have a time limit", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ ports: 50, ttlMs: 1000 });
    await expect(lease.leaveTo(7)).rejects.toThrow(TypeError);
  });

  it("must still be its holder's", async () => {
    const { registries } = await several(2);
    const lease = await registries[0]!.acquire({ ports: "50-51", count: 2 });
    await registries[1]!.release(50, { force: true });
    await expect(lease.leaveTo(7)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await registries[0]!.list()).toMatchObject([{ ports: [51], heir: null }]);
  });
});

describe("who waits for a lease that lives with its heir", () => {
  it("looks for its end, which no guard tells", async () => {
    const { machine, registries } = await several(2);
    await (await registries[0]!.acquire({ ports: 50 })).leaveTo(7);
    machine.kill(1);
    const waiting = registries[1]!.acquire({ ports: 50, wait: true });
    await machine.time.advance(5000);
    machine.kill(7);
    expect((await machine.time.until(waiting)).port).toBe(50);
  });
});

describe("a port whose holder is dead and left it to an heir", () => {
  it("is not taken up by the heir when another state folder was granted it meanwhile", async () => {
    const { machine, registries, enter } = await several(1);
    await (await registries[0]!.acquire({ name: "web", ports: 50 })).leaveTo(7);
    machine.kill(1);
    const elsewhere = await join({ state: newState(), machine, pid: 2 });
    const other = await elsewhere.acquire({ ports: 50 });
    const heir = await enter(7);
    await expect(heir.adopt("web")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    expect([other.isValid(), machine.guards]).toEqual([true, ["tcp/50 of 2"]]);
  });

  it("has no guard that a lease of another address could stand behind", async () => {
    const { machine, registries } = await several(2);
    const lease = await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" });
    await lease.leaveTo(7);
    machine.kill(1);
    const elsewhere = await join({ state: newState(), machine, pid: 3 });
    await elsewhere.acquire({ ports: 50 });
    expect(await outcome(registries[1]!.acquire({ ports: 50, address: "127.0.0.2" }))).toBe(
      "NO_PORT_AVAILABLE",
    );
  });

  it.skipIf(isOverEngine())("goes to others when neither can be judged and the guard is gone", async () => {
    const { machine, registries } = await several(2);
    await (await registries[0]!.acquire({ name: "web", ports: 50 })).leaveTo(7);
    for (const pid of [1, 7]) machine.unknown.add(pid);
    machine.loseGuards(1);
    expect(await outcome(registries[1]!.acquire({ name: "web" }))).toBe("NAME_HELD");
    await machine.time.advance(10_000);
    expect(await outcome(registries[1]!.acquire({ name: "web" }))).toEqual([50]);
  });

  it("is not waited for by the heir itself", async () => {
    const { machine, registries, enter } = await several(1);
    await (await registries[0]!.acquire({ name: "web", ports: 50 })).leaveTo(7);
    machine.kill(1);
    const heir = await enter(7);
    expect(await outcome(heir.acquire({ name: "web", wait: true }))).toBe("NAME_HELD");
    expect((await heir.adopt("web")).port).toBe(50);
  });

  it("is not said to be held in the kernel", async () => {
    const { machine, enter } = await several(0);
    machine.hasHolds = true;
    const [holder, other] = [await enter(1), await enter(2)];
    await (await holder.acquire({ ports: 50 })).leaveTo(7);
    expect(await other.list()).toMatchObject([{ isHeldInKernel: true }]);
    machine.kill(1);
    expect(await other.list()).toMatchObject([{ state: "held", isHeldInKernel: false }]);
  });
});
