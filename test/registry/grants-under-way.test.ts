// A name whose lease is not yet granted: what other processes and registries that act for the same holder see.

import { describe, expect, it } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { join, Machine, newState, processOf, summary } from "./world.ts";
import { settle } from "./time.ts";
import { updateThrough } from "../stores/update-through.ts";

describe("while a process is at work on a lease for a holder, another one that asks for the same", () => {
  it("waits, and is told the port that the kernel gave, not the one that it refused", async () => {
    const [state, machine] = [newState(), new Machine()];
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    machine.verdicts.set(50, "stranger");
    const request = { name: "web", ports: "50-59", prefer: 50, for: 7 };
    const asked = [one.acquire(request), two.acquire(request), one.acquire(request)] as const;
    const [first, second, third] = await machine.time.until(Promise.all(asked));
    expect([second.port, third.port]).toEqual([first.port, first.port]);
    expect(first.port).not.toBe(50);
    expect(await summary(one)).toEqual([`web ${first.port}`]);
  });

  it("takes over what a dead one left half-done, and asks the kernel itself", async () => {
    const [state, machine] = [newState(), new Machine()];
    const two = await join({ state, machine, pid: 2 });
    // Process 1 dies in its look at the kernel, and so never gives the port back.
    const one = await join({ state, machine });
    machine.beforeLook = () => {
      machine.beforeLook = () => undefined;
      machine.kill(1);
    };
    const request = { name: "web", ports: "50-59", for: 7 };
    void one.acquire(request);
    await settle();
    expect(await summary(two)).toHaveLength(1);
    const looked = machine.looks.length;
    const lease = await two.acquire(request);
    expect(machine.looks.length).toBe(looked + 1);
    expect(lease.holder).toEqual(processOf(7));
    expect(await summary(two)).toEqual([`web ${lease.port}`]);
  });

  it("is told who has the name when that never ends, as after a failure that could not be undone", async () => {
    const [state, machine] = [newState(), new Machine()];
    let broken = false;
    const registry = await join({
      state,
      machine,
      wrap: (store) => ({
        ...wrapped(store),
        commit: (scope, changes, options) =>
          broken ? Promise.reject(new Error("the disk is gone")) : store.commit(scope, changes, options),
      }),
    });
    machine.beforeLook = () => {
      machine.beforeLook = () => undefined;
      broken = true;
      throw new Error("no descriptor left");
    };
    await expect(registry.acquire({ name: "web" })).rejects.toThrow("no descriptor left");
    broken = false;
    const again = await machine.time.until(registry.tryAcquire({ name: "web" }));
    expect(again).toMatchObject({ granted: false, refusal: { code: "NAME_HELD", holder: { pid: 1 } } });
    await registry.release("web");
    expect((await registry.acquire({ name: "web" })).name).toBe("web");
  });

  it("is refused at once when it acts for another holder", async () => {
    const [state, machine] = [newState(), new Machine()];
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const refusals: unknown[] = [];
    machine.beforeLook = async () => {
      machine.beforeLook = () => undefined;
      refusals.push(await two.acquire({ name: "web" }).catch((error: unknown) => error));
    };
    await one.acquire({ name: "web" });
    expect(refusals).toMatchObject([{ code: "NAME_HELD", holder: { pid: 1 } }]);
  });

  it("stops waiting when its signal aborts", async () => {
    const [state, machine] = [newState(), new Machine()];
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    const abort = new AbortController();
    const waiting: Promise<unknown>[] = [];
    machine.beforeLook = async () => {
      machine.beforeLook = () => undefined;
      waiting.push(
        two.acquire({ name: "web", for: 1, signal: abort.signal }).catch((error: unknown) => error),
      );
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error("enough"));
      await waiting[0];
    };
    await one.acquire({ name: "web" });
    expect(await waiting[0]).toEqual(new Error("enough"));
  });
});

describe("two registries of one process", () => {
  it("have one lease under a name, and only the one that was granted it gives it back when it closes", async () => {
    const [state, machine] = [newState(), new Machine()];
    const [one, two] = [await join({ state, machine }), await join({ state, machine })];
    const lease = await one.acquire({ name: "web" });
    expect((await two.acquire({ name: "web" })).id).toBe(lease.id);
    await two.close();
    expect(await summary(one)).toEqual([`web ${lease.port}`]);
    await one.close();
    const three = await join({ state, machine, pid: 3 });
    expect(await summary(three)).toEqual([]);
  });
});

describe("a name that was given back", () => {
  it("finds its port again, though its hash now leads to another free one", async () => {
    const [state, machine] = [newState(), new Machine()];
    const registry = await join({ state, machine });
    let displaced = 0;
    for (const name of ["b", "c", "d", "e", "f", "g", "h"]) {
      const first = await registry.acquire({ name: "a", ports: "50-52" });
      const lease = await registry.acquire({ name, ports: "50-52" });
      await first.release();
      await lease.release();
      const again = await registry.acquire({ name, ports: "50-52" });
      expect(again.port).toBe(lease.port);
      await again.release();
      // A name without a past begins at its hash.
      const elsewhere = await join({ state: newState(), machine: new Machine() });
      if ((await elsewhere.acquire({ name, ports: "50-52" })).port !== lease.port) displaced++;
    }
    expect(displaced).toBeGreaterThan(0);
  });

  it("is not found by release", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    await (await registry.acquire({ name: "web" })).release();
    await expect(registry.release("web")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  });
});

/** A store's calls as plain functions, to be replaced one by one. */
function wrapped(store: Store): Store {
  const calls: Store = {
    epoch: store.epoch,
    limits: store.limits,
    read: (scope, keys, options) => store.read(scope, keys, options),
    list: (scope, prefix, options) => store.list(scope, prefix, options),
    commit: (scope, changes, options) => store.commit(scope, changes, options),
    update: (...parameters) => updateThrough(calls)(...parameters),
    watch: (scope, options) => store.watch(scope, options),
    raiseEpoch: (epoch) => store.raiseEpoch(epoch),
    close: () => store.close(),
  };
  return calls;
}
