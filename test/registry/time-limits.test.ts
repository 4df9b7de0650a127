// Leases with a time limit: renewed while their process runs, over when it could not, and never its successor's.

import { describe, expect, it } from "vitest";

import type { Lease } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { settle } from "./time.ts";
import { isOverEngine, join, Machine, newState, outcome, several, summary } from "./world.ts";

const TTL_MS = 3000;
const LIMITED = { name: "web", ports: 50, ttlMs: TTL_MS };

function lossOf(lease: Lease): unknown {
  return lease.lost.aborted ? (lease.lost.reason as { reason: string }).reason : undefined;
}

/** A machine without guards, so that nothing but the time keeps a port from others. */
async function unguarded(count: number): ReturnType<typeof several> {
  const world = await several(0);
  world.machine.hasGuards = false;
  const registries = [];
  for (let pid = 1; pid <= count; pid++) registries.push(await world.enter(pid));
  return { ...world, registries };
}

describe("a lease with a time limit", () => {
  it("says so, lives beyond it as long as its process runs, and keeps its token", async () => {
    const { machine, registries } = await several(2);
    const lease = await registries[0]!.acquire(LIMITED);
    expect(lease.ttlMs).toBe(TTL_MS);
    const before = await registries[1]!.list();
    expect(before).toMatchObject([{ hasTimeLimit: true, state: "held" }]);
    await machine.time.advance(20 * TTL_MS);
    expect(await registries[1]!.list()).toEqual(before);
    expect([lease.isValid(), lossOf(lease)]).toEqual([true, undefined]);
    expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
  });

  it.skipIf(isOverEngine())(
    "is renewed at a third of it, and not any more once it is given back",
    async () => {
      const faults = faulty();
      const { machine, registries } = await several(1, { wrap: faults.wrap });
      const lease = await registries[0]!.acquire(LIMITED);
      const commits = faults.calls.commit;
      await machine.time.advance(TTL_MS);
      expect(faults.calls.commit).toBe(commits + 3);
      await lease.release();
      await machine.time.advance(10 * TTL_MS);
      expect(faults.calls.commit).toBe(commits + 4);
      expect(await registries[0]!.list()).toEqual([]);
    },
  );

  // What is kept alive on an engine does not go through the store that fails here.
  it.skipIf(isOverEngine())(
    "that runs out while it is given back, which fails, is lost, and its port is free for others",
    async () => {
      const faults = faulty();
      const { machine, registries } = await several(2, { wrap: faults.wrap });
      const lease = await registries[0]!.acquire(LIMITED);
      let fail!: (error: Error) => void;
      const standstill = new Promise<void>((_, reject) => (fail = reject));
      faults.before = () => standstill;
      const releasing = lease.release();
      await machine.time.advance(TTL_MS);
      expect(lossOf(lease)).toBeUndefined();
      faults.before = () => undefined;
      fail(new Error("no answer"));
      await releasing;
      expect([lease.isValid(), lossOf(lease)]).toEqual([false, "expired"]);
      expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toEqual([50]);
    },
  );

  it("lives on while its holder's pid cannot be judged, and ends with its time", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire(LIMITED);
    machine.unknown.add(1);
    machine.kill(1);
    await machine.time.advance(TTL_MS - 1);
    expect(await summary(registries[1]!)).toEqual(["web 50"]);
    await machine.time.advance(1);
    expect(await summary(registries[1]!)).toEqual(["web 50 abandoned"]);
    expect(await outcome(registries[1]!.acquire({ name: "web", ports: 50 }))).toEqual([50]);
  });

  it.skipIf(isOverEngine())("is over with the boot", async () => {
    const { machine, registries, enter } = await several(1);
    await registries[0]!.acquire({ ...LIMITED, ttlMs: 86_400_000 });
    machine.reboot();
    expect(await outcome((await enter(2)).acquire({ name: "web", ports: 50 }))).toEqual([50]);
  });

  it("is found again under its name by who asks with a limit, not by who asks for one without", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire(LIMITED);
    expect(await registries[0]!.acquire(LIMITED)).toBe(lease);
    expect(await outcome(registries[0]!.acquire({ name: "web", ports: 50 }))).toBe("NAME_HELD");
  });
});

describe("a renewal that the store refuses", () => {
  it("is tried again, and the lease lives when the store is back in time", async () => {
    const faults = faulty();
    const { machine, registries } = await several(1, { wrap: faults.wrap });
    const lease = await registries[0]!.acquire(LIMITED);
    for (const nth of [1, 2, 3]) faults.fail("commit", nth, new Error("the disk is gone"));
    await machine.time.advance(5 * TTL_MS);
    expect([lease.isValid(), lossOf(lease)]).toEqual([true, undefined]);
  });

  it.skipIf(isOverEngine())(
    "until the limit passes has the lease be lost then, as expired, and lets its guard go",
    async () => {
      const faults = faulty();
      const { machine, registries } = await several(1, { wrap: faults.wrap });
      const lease = await registries[0]!.acquire(LIMITED);
      for (let nth = 1; nth < 20; nth++) faults.fail("commit", nth, new Error("the disk is gone"));
      await machine.time.advance(TTL_MS - 1);
      expect([lease.isValid(), lossOf(lease), machine.guards]).toEqual([true, undefined, ["tcp/50 of 1"]]);
      await machine.time.advance(1);
      expect([lease.isValid(), lossOf(lease), machine.guards]).toEqual([false, "expired", []]);
    },
  );
});

describe("a process that is stopped for longer than its limit", () => {
  it("loses the lease in its first turn, and knows at once when it looks itself", async () => {
    const { machine, registries } = await several(1);
    const lease = await registries[0]!.acquire(LIMITED);
    machine.stop(1);
    await machine.time.advance(TTL_MS);
    expect([lease.isValid(), lossOf(lease)]).toEqual([false, undefined]);
    await machine.goOn(1);
    expect([lease.isValid(), lossOf(lease), machine.guards]).toEqual([false, "expired", []]);
    expect(lease.lost.reason).toMatchObject({
      code: "LEASE_LOST",
      ports: [50],
      message: "the lease of port 50 ran out before it was renewed",
    });
  });

  it("neither renews, releases nor transfers what its successor has", async () => {
    const { machine, registries } = await unguarded(2);
    const old = await registries[0]!.acquire(LIMITED);
    machine.stop(1);
    await machine.time.advance(TTL_MS);
    const successor = await registries[1]!.acquire(LIMITED);
    expect(successor.token.revision).toBeGreaterThan(old.token.revision);
    await machine.goOn(1);
    expect(lossOf(old)).toBe("expired");
    await machine.time.advance(3 * TTL_MS);
    await expect(old.transfer(3)).rejects.toMatchObject({ code: "LEASE_LOST" });
    await old.release();
    await registries[0]!.close();
    expect((await registries[1]!.list()).map(({ id, state }) => [id, state])).toEqual([
      [successor.id, "held"],
    ]);
    expect([successor.isValid(), lossOf(successor)]).toEqual([true, undefined]);
  });

  it("keeps others from the port as long as it has the guard, and no longer", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire(LIMITED);
    machine.stop(1);
    await machine.time.advance(TTL_MS);
    await expect(registries[1]!.acquire({ ports: 50 })).rejects.toMatchObject({ refused: { guarded: 1 } });
    await machine.goOn(1);
    expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toEqual([50]);
  });

  it.skipIf(isOverEngine())(
    "in the middle of a grant begins anew when somebody took one of its ports meanwhile",
    async () => {
      const { machine, registries } = await unguarded(2);
      const [one, two] = registries;
      machine.verdicts.set(51, "stranger");
      machine.beforeLook = async ({ port }) => {
        if (port !== 51) return;
        machine.beforeLook = () => undefined;
        await machine.time.advance(TTL_MS);
        expect((await two!.acquire({ ports: 50 })).port).toBe(50);
      };
      const lease = await one!.acquire({ ports: "50-53", count: 2, ttlMs: TTL_MS });
      expect(lease.ports).toEqual([52, 53]);
      expect(await summary(two!)).toEqual(["- 50", "- 52,53"]);
    },
  );
});

describe("a renewal that was sent in time and comes late", () => {
  it("keeps the port from one who has found it free already, until the limit passes again", async () => {
    const [machine, state] = [new Machine(), newState()];
    machine.hasGuards = false;
    const [late, other] = [faulty(), faulty()];
    const one = await join({ state, machine, wrap: late.wrap });
    const two = await join({ state, machine, pid: 2, wrap: other.wrap });
    await one.acquire(LIMITED);
    let comesThrough!: () => void;
    const delay = new Promise<void>((resolve) => (comesThrough = resolve));
    late.before = (call) => (call === "commit" ? delay : undefined);
    await machine.time.advance(TTL_MS);
    other.before = async (call) => {
      if (call !== "commit") return;
      comesThrough();
      await settle();
    };
    expect(await outcome(two.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
    await machine.time.advance(TTL_MS);
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
  });
});

describe("a lease of several ports", () => {
  it("that ran out goes to others port by port, or together", async () => {
    const { machine, registries } = await several(3);
    await registries[0]!.acquire({ ports: "50-53", count: 4, ttlMs: TTL_MS });
    machine.kill(1);
    await machine.time.advance(TTL_MS);
    expect(await outcome(registries[1]!.acquire({ ports: 51 }))).toEqual([51]);
    expect(await outcome(registries[2]!.acquire({ ports: "50-53", count: 3 }))).toEqual([50, 52, 53]);
    expect(await summary(registries[1]!)).toEqual(["- 50,52,53", "- 51"]);
  });

  it("loses one of them by its number, and the rest lives on", async () => {
    const { machine, registries } = await several(2);
    const lease = await registries[0]!.acquire({ ports: "50-51", count: 2, ttlMs: TTL_MS });
    await registries[0]!.release(50);
    await machine.time.advance(2 * TTL_MS);
    expect(await summary(registries[1]!)).toEqual(["- 51"]);
    expect(lossOf(lease)).toBe(undefined);
    await registries[0]!.release(51);
    expect([lossOf(lease), machine.guards]).toEqual(["released", []]);
  });
});
