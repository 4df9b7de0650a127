// Closing a registry: it gives back its own, waits for what is under way, and then answers no more.

import { setImmediate } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import type { Lease } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { join, Machine, newState, summary } from "./world.ts";

describe("close", () => {
  it("gives back what this process leased here, and nothing else", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    await one.acquire({ name: "web", ports: 50 });
    await one.acquire({ ports: "51-53", count: 3 });
    await one.acquire({ ports: 60, for: 3 });
    await two.acquire({ ports: 70 });
    await one.close();
    expect(await summary(two)).toEqual(["- 60", "- 70"]);
  });

  it("comes with the end of an `await using` block", async () => {
    const state = newState();
    const machine = new Machine();
    {
      await using registry = await join({ state, machine });
      await registry.acquire({ name: "web" });
    }
    expect(await (await join({ state, machine })).list()).toEqual([]);
  });

  it("is idempotent and joins the one under way", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    await registry.acquire();
    const first = registry.close();
    expect(registry.close()).toBe(first);
    expect(registry[Symbol.asyncDispose]()).toBe(first);
    await first;
    expect(registry.close()).toBe(first);
  });

  it("waits for an acquire under way, which gives its caller a lease, and then gives that back", async () => {
    const state = newState();
    const machine = new Machine();
    const registry = await join({ state, machine });
    let closing: Promise<void> | undefined;
    machine.beforeLook = () => void (closing ??= registry.close());
    const lease = await registry.acquire({ name: "web" });
    await closing;
    await lease.release();
    expect(await (await join({ state, machine })).list()).toEqual([]);
  });

  it("waits for a release under way of a lease that another process holds", async () => {
    const state = newState();
    const machine = new Machine();
    const registry = await join({ state, machine });
    const lease = await registry.acquire({ for: 3 });
    await Promise.all([lease.release(), registry.close()]);
    expect(await (await join({ state, machine })).list()).toEqual([]);
  });

  it("keeps the store open for such a release that begins while it gives back its own", async () => {
    const state = newState();
    const machine = new Machine();
    const faults = faulty();
    const registry = await join({ state, machine, wrap: faults.wrap });
    const theirs = await registry.acquire({ for: 3 });
    await registry.acquire();
    const other = await join({ state, machine, pid: 2 });
    let releasing: Promise<void> | undefined;
    let asked = false;
    const leasesAtClose: unknown[] = [];
    faults.before = async (call) => {
      if (call === "commit") {
        if (!asked) {
          asked = true;
          releasing = theirs.release();
        }
        await setImmediate();
      }
      if (call === "close") leasesAtClose.push(await other.list());
    };
    await registry.close();
    await releasing;
    expect(leasesAtClose).toEqual([[]]);
  });

  it("refuses every later call as REGISTRY_CLOSED, from its first moment on", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const lease = await registry.acquire({ for: 3 });
    const own = await registry.acquire();
    const closed = { code: "REGISTRY_CLOSED", message: "the registry is closed" };
    const refuses = async (): Promise<void> => {
      await expect(registry.acquire()).rejects.toMatchObject(closed);
      await expect(registry.list()).rejects.toMatchObject(closed);
      await expect(registry.release("web")).rejects.toMatchObject(closed);
    };
    const closing = registry.close();
    await refuses();
    await closing;
    await refuses();
    await expect(lease.release()).rejects.toMatchObject(closed);
    await own.release();
  });

  it("gives back all the rest when one release fails, and says so", async () => {
    const state = newState();
    const machine = new Machine();
    const faults = faulty();
    const registry = await join({ state, machine, wrap: faults.wrap });
    const leases: Lease[] = [];
    for (const ports of [50, 51, 52]) leases.push(await registry.acquire({ ports }));
    const failure = new Error("the disk is gone");
    faults.fail("commit", 2, failure);
    await expect(registry.close()).rejects.toBe(failure);
    await expect(registry.list()).rejects.toMatchObject({ code: "REGISTRY_CLOSED" });
    expect(await summary(await join({ state, machine }))).toEqual(["- 51"]);
    await expect(leases[1]!.release()).rejects.toMatchObject({ code: "REGISTRY_CLOSED" });
  });
});
