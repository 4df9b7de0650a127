// Aborting: the signal's reason comes through, whatever it is, and nothing stays claimed.

import { describe, expect, it } from "vitest";

import { faulty } from "./faulty-store.ts";
import { settle } from "./time.ts";
import { join, Machine, newState, summary } from "./world.ts";

const REASONS: readonly unknown[] = [new Error("enough"), "text", { code: "X" }, null, 0];

describe("a signal that is aborted already", () => {
  it.each(REASONS)("ends every call with its reason: %j", async (reason) => {
    const registry = await join({ state: newState(), machine: new Machine() });
    await registry.acquire({ name: "held", ports: 50 });
    const signal = AbortSignal.abort(reason);
    await expect(registry.acquire({ signal })).rejects.toBe(reason);
    await expect(registry.acquire({ signal, name: "web" })).rejects.toBe(reason);
    await expect(registry.list({ signal })).rejects.toBe(reason);
    await expect(registry.release("held", { signal })).rejects.toBe(reason);
    expect(await summary(registry)).toEqual(["held 50"]);
  });

  it("without a reason of its own is an AbortError", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const attempt = registry.acquire({ signal: AbortSignal.abort() });
    await expect(attempt).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("an abort while an acquire is under way", () => {
  it.each([1, 2, 3, 4, 5, 6, 7])("at its step %i gives back all it had claimed", async (step) => {
    const machine = new Machine();
    machine.verdicts.set(50, "stranger");
    const faults = faulty();
    const registry = await join({ state: newState(), machine, wrap: faults.wrap });
    const abort = new AbortController();
    let steps = 0;
    const count = (): void => {
      if (++steps === step) abort.abort("enough");
    };
    faults.before = count;
    machine.beforeLook = count;
    const options = { name: "web", ports: "50-59", prefer: 50, count: 2 };
    await expect(registry.acquire({ ...options, signal: abort.signal })).rejects.toBe("enough");
    expect(await registry.list()).toEqual([]);
    expect((await registry.acquire(options)).ports).toHaveLength(2);
  });

  it("that waits for a port ends the waiting, though the store stands still; the place is left when it goes on", async () => {
    const [state, machine, faults] = [newState(), new Machine(), faulty()];
    const holder = await join({ state, machine, pid: 2 });
    await holder.acquire({ ports: 50 });
    const registry = await join({ state, machine, wrap: faults.wrap });
    const abort = new AbortController();
    const waiting = registry.acquire({ ports: 50, wait: true, signal: abort.signal });
    const told: unknown[] = [];
    waiting.catch((reason: unknown) => told.push(reason));
    await settle();
    let goOn!: () => void;
    const standstill = new Promise<void>((resolve) => (goOn = resolve));
    faults.before = () => standstill;
    abort.abort("enough");
    await machine.time.advance(100);
    expect(told).toEqual(["enough"]);
    const closing = registry.close();
    goOn();
    await closing;
    const store = await state.open();
    expect([...(await store.read("default", ["queue"]))]).toEqual([]);
  });

  it("that comes too late changes nothing", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const abort = new AbortController();
    const lease = await registry.acquire({ ports: 50, signal: abort.signal });
    abort.abort();
    expect(await summary(registry)).toEqual(["- 50"]);
    await lease.release();
    expect(await registry.list()).toEqual([]);
  });

  it("that waits for another one of its name ends the waiting at once, and the other one goes on", async () => {
    const machine = new Machine();
    const registry = await join({ state: newState(), machine });
    let goOn!: () => void;
    const answer = new Promise<void>((resolve) => (goOn = resolve));
    const looking = new Promise<void>((resolve) => {
      machine.beforeLook = () => {
        resolve();
        return answer;
      };
    });
    const first = registry.acquire({ name: "web" });
    await looking;
    const abort = new AbortController();
    const second = registry.acquire({ name: "web", signal: abort.signal });
    const third = registry.acquire({ name: "web" });
    abort.abort("enough");
    await expect(second).rejects.toBe("enough");
    const refused = machine.looks[0]!.port;
    machine.verdicts.set(refused, "stranger");
    goOn();
    const lease = await first;
    expect(await third).toBe(lease);
    expect(lease.port).not.toBe(refused);
    expect(await summary(registry)).toEqual([`web ${lease.port}`]);
  });
});
