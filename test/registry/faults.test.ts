// A store that fails or contradicts itself: the caller hears of it, and nothing is left half-done.

import { describe, expect, it } from "vitest";

import { PortError } from "../../src/core/index.ts";
import type { AcquireOptions } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { settle } from "./time.ts";
import { join, Machine, newState, SCOPE, summary } from "./world.ts";

/** One stranger stands in the way, so that a request takes two commits. */
function machineWithStranger(): Machine {
  const machine = new Machine();
  machine.verdicts.set(50, "stranger");
  return machine;
}

const requests: readonly (readonly [string, AcquireOptions])[] = [
  ["one port", { ports: "50-59" }],
  ["a name", { ports: "50-59", prefer: 50, name: "web" }],
  ["three ports and a name", { ports: "50-59", prefer: 50, count: 3, name: "web" }],
];

describe.each(requests)("a request for %s", (_, options) => {
  it.each([
    ["before the work", false],
    ["after the work", true],
  ])(
    "that meets a failure at any one call, %s, fails with it and leaves nothing behind",
    async (__, after) => {
      let failures = 0;
      for (const call of ["read", "commit"] as const) {
        for (let nth = 1; ; nth++) {
          const faults = faulty();
          const registry = await join({
            state: newState(),
            machine: machineWithStranger(),
            wrap: faults.wrap,
          });
          const failure = new Error(`${call} ${nth}`);
          faults.fail(call, nth, failure, { after });
          const outcome = await registry.acquire(options).catch((error: unknown) => error);
          if (faults.calls[call] < nth) break;
          failures++;
          expect(outcome).toBe(failure);
          expect(await registry.list()).toEqual([]);
          const lease = await registry.acquire(options);
          expect(lease.ports).not.toContain(50);
          expect(await registry.list()).toMatchObject([{ id: lease.id }]);
        }
      }
      expect(failures).toBeGreaterThanOrEqual(3);
    },
  );

  it("is granted all the same after conflicts that nobody can explain", async () => {
    const faults = faulty();
    const registry = await join({
      state: newState(),
      machine: machineWithStranger(),
      wrap: faults.wrap,
    });
    faults.conflict(5);
    const lease = await registry.acquire(options);
    expect(lease.ports).toHaveLength(options.count ?? 1);
    expect(await registry.list()).toMatchObject([
      { id: lease.id, ports: lease.ports.toSorted((a, b) => a - b), token: lease.token },
    ]);
    faults.conflict(5);
    await lease.release();
    expect(await registry.list()).toEqual([]);
  });

  it("that the kernel's answer fails ends with that failure and leaves nothing behind", async () => {
    const machine = machineWithStranger();
    const registry = await join({ state: newState(), machine });
    const failure = new Error("EMFILE");
    const failing = { nth: 2 };
    machine.beforeLook = () => {
      if (--failing.nth === 0) throw failure;
    };
    await expect(registry.acquire(options)).rejects.toBe(failure);
    expect(await registry.list()).toEqual([]);
    expect((await registry.acquire(options)).ports).toHaveLength(options.count ?? 1);
  });
});

describe("a request whose slot is taken in between", () => {
  it("goes on to the next port, and the other one keeps its own", async () => {
    const state = newState();
    const machine = new Machine();
    const faults = faulty();
    const [one, two] = [
      await join({ state, machine, wrap: faults.wrap }),
      await join({ state, machine, pid: 2 }),
    ];
    faults.before = async (call) => {
      if (call === "commit" && faults.calls.commit === 1) await two.acquire({ ports: "50-51" });
    };
    expect((await one.acquire({ ports: "50-51" })).port).toBe(51);
    expect(await summary(one)).toEqual(["- 50", "- 51"]);
  });

  it("still gets it when it is free again by the second look", async () => {
    const state = newState();
    const machine = new Machine();
    const faults = faulty();
    const [one, two] = [
      await join({ state, machine, wrap: faults.wrap }),
      await join({ state, machine, pid: 2 }),
    ];
    faults.before = async (call) => {
      if (call !== "commit" || faults.calls.commit > 1) return;
      await two.acquire({ ports: 50, address: "127.0.0.2" });
    };
    expect((await one.acquire({ ports: "50-51", address: "127.0.0.1" })).port).toBe(50);
    expect(await one.list()).toHaveLength(2);
  });

  it("keeps what it has chosen of the others", async () => {
    const state = newState();
    const machine = new Machine();
    const faults = faulty();
    const [one, two] = [
      await join({ state, machine, wrap: faults.wrap }),
      await join({ state, machine, pid: 2 }),
    ];
    faults.before = async (call) => {
      if (call === "commit" && faults.calls.commit === 1) await two.acquire({ ports: 50 });
    };
    expect((await one.acquire({ ports: "50-52", count: 2 })).ports).toEqual([51, 52]);
  });

  it("begins anew when one of its ports is taken away by number meanwhile", async () => {
    const state = newState();
    const machine = machineWithStranger();
    const faults = faulty();
    const [one, two] = [
      await join({ state, machine, wrap: faults.wrap }),
      await join({ state, machine, pid: 2 }),
    ];
    // The first commit claims the stranger's port too; the name's record changes before the second one.
    faults.before = async (call) => {
      if (call === "commit" && faults.calls.commit === 2) await two.release(50, { force: true });
    };
    const lease = await one.acquire({ name: "web", ports: "50-52", prefer: 50, count: 2 });
    expect(await one.list()).toMatchObject([{ id: lease.id, ports: [51, 52] }]);
  });

  it("loses its name to the other one, and gives back what it had claimed", async () => {
    const state = newState();
    const machine = machineWithStranger();
    const faults = faulty();
    const [one, two] = [
      await join({ state, machine, wrap: faults.wrap }),
      await join({ state, machine, pid: 2 }),
    ];
    // The first commit claims the stranger's port; before the second one the name is taken away.
    faults.before = async (call) => {
      if (call !== "commit" || faults.calls.commit !== 2) return;
      await two.release("web", { force: true });
      await two.acquire({ name: "web", ports: "60-61" });
    };
    await expect(one.acquire({ name: "web", ports: "50-59", prefer: 50 })).rejects.toMatchObject({
      code: "NAME_HELD",
      holder: { pid: 2 },
    });
    expect(await two.list()).toMatchObject([{ name: "web", holder: { pid: 2 } }]);
  });
});

describe("a record that is no JSON", () => {
  it.each([
    ["a port's", "port/tcp/50"],
    ["a name's", "name/web"],
  ])("%s is STORE_DAMAGED, with its key, and nothing is claimed", async (_, key) => {
    const state = newState();
    const registry = await join({ state, machine: new Machine() });
    const store = await state.open();
    await store.commit(SCOPE, [{ key, ifRevision: 0, value: "{" }]);
    await expect(registry.acquire({ name: "web", ports: 50 })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      path: key,
      message: expect.stringContaining(`the record of ${key} cannot be read: `) as string,
    });
    expect((await store.list(SCOPE, "port/")).filter((slot) => slot.key !== key)).toEqual([]);
  });
});

describe("a store that does not answer, in the middle of a grant", () => {
  const error = new PortError("STORE_UNAVAILABLE", "no answer within 5000 ms", { path: "engine" });

  /** A request that has failed while its port is claimed; what it reads to give that back is not answered until `goOn`. */
  async function failedMidway(request: AcquireOptions) {
    const [state, machine, faults] = [newState(), new Machine(), faulty()];
    const registry = await join({ state, machine, wrap: faults.wrap });
    let goOn!: () => void;
    const standstill = new Promise<void>((resolve) => (goOn = resolve));
    faults.fail("commit", 1, error, { after: true });
    let isHeldUp = false;
    faults.before = (call) => {
      if (call !== "read" || faults.calls.commit === 0 || isHeldUp) return undefined;
      isHeldUp = true;
      return standstill;
    };
    const told: unknown[] = [];
    const asking = registry.acquire(request).catch((reason: unknown) => told.push(reason));
    await machine.time.advance(100);
    return { state, machine, registry, goOn, told, asking };
  }

  it("has the request fail once, not after another wait for what it gives back", async () => {
    const { told, goOn, asking } = await failedMidway({ ports: 50 });
    expect(told).toEqual([error]);
    goOn();
    await asking;
  });

  it.each([{ ports: 50 }, { ports: 50, name: "web" }])(
    "has the same registry grant the next request of %j what it gives back",
    async (request) => {
      const { registry, machine, goOn, told } = await failedMidway(request);
      expect(told).toEqual([error]);
      const again = registry.acquire(request);
      await machine.time.advance(20);
      goOn();
      expect((await machine.time.until(again)).ports).toEqual([50]);
    },
  );

  it("has a request that waits fail once, not after another wait for its place to be left", async () => {
    const [state, machine, faults] = [newState(), new Machine(), faulty()];
    const holder = await join({ state, machine, pid: 2 });
    await holder.acquire({ ports: 50 });
    const registry = await join({ state, machine, wrap: faults.wrap });
    const told: unknown[] = [];
    const waiting = registry.acquire({ ports: 50, wait: true }).catch((reason: unknown) => told.push(reason));
    await settle();
    let goOn!: () => void;
    const standstill = new Promise<void>((resolve) => (goOn = resolve));
    const { read } = faults.calls;
    faults.fail("read", 1, error);
    faults.before = () => (faults.calls.read > read + 1 ? standstill : undefined);
    await holder.close();
    await machine.time.advance(20_000);
    expect(told).toEqual([error]);
    goOn();
    await waiting;
  });

  it("has a close wait for what it gives back", async () => {
    const { state, registry, goOn } = await failedMidway({ ports: 50 });
    const closing = registry.close();
    goOn();
    await closing;
    expect(await (await state.open()).list(SCOPE, "port/")).toEqual([]);
  });
});
