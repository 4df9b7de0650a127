// Waiting for ports: in the order of those who came, woken when something ends, and over when it is called off.

import { describe, expect, it } from "vitest";

import type { AcquireOptions, Lease, Registry } from "../../src/registry/index.ts";
import { settle } from "./time.ts";
import { isOverEngine, outcome, QUARANTINE_MS, type Several, several, sorted, summary } from "./world.ts";

/** Has the processes 2, 3 and so on wait for port 50, one after the other, and writes down who is granted it. */
async function waitInTurn(
  { registries }: Several,
  options: AcquireOptions = { ports: 50 },
): Promise<{ granted: Lease[]; pids: () => number[] }> {
  const granted: Lease[] = [];
  for (const registry of registries.slice(1)) {
    void registry.acquire({ ...options, wait: true }).then((lease) => granted.push(lease));
    await settle();
  }
  return { granted, pids: () => granted.map(({ holder }) => holder.pid) };
}

describe("those who wait for a port", () => {
  it("get it in the order they came, and newcomers come after them", async () => {
    const world = await several(4);
    const newcomer = await world.enter(9);
    const first = await world.registries[0]!.acquire({ ports: 50 });
    const { granted, pids } = await waitInTurn(world);
    await Promise.all([
      first.release(),
      expect(newcomer.acquire({ ports: 50 })).rejects.toMatchObject({ code: "NO_PORT_AVAILABLE" }),
    ]);
    for (let turn = 0; turn < 3; turn++) {
      await world.machine.time.advance(1000);
      expect(pids()).toEqual([2, 3, 4].slice(0, turn + 1));
      await granted[turn]!.release();
    }
    await world.machine.time.advance(1000);
    expect(await outcome(newcomer.acquire({ ports: 50 }))).toEqual([50]);
  });

  it("are told of in the refusal of a newcomer, who may have other ports", async () => {
    const world = await several(2);
    const newcomer = await world.enter(9);
    const lease = await world.registries[0]!.acquire({ ports: 50 });
    const { pids } = await waitInTurn(world);
    // Process 2 sleeps for a moment, and the newcomer is there first.
    world.machine.stop(2);
    await lease.release();
    await expect(newcomer.acquire({ ports: 50 })).rejects.toMatchObject({
      refused: { awaited: 1, leased: 0 },
      message: expect.stringContaining("1 awaited by others") as string,
    });
    expect(await outcome(newcomer.acquire({ ports: "50-51" }))).toEqual([51]);
    expect(await outcome(newcomer.acquire({ ports: 50, protocol: "udp" }))).toEqual([50]);
    await world.machine.goOn(2);
    await world.machine.time.advance(1000);
    expect(pids()).toEqual([2]);
  });

  it("are passed over when they do not come for as long as the quarantine", async () => {
    const world = await several(2);
    const newcomer = await world.enter(9);
    const lease = await world.registries[0]!.acquire({ ports: 50 });
    await waitInTurn(world);
    world.machine.stop(2);
    await lease.release();
    await world.machine.time.advance(QUARANTINE_MS);
    expect(await outcome(newcomer.acquire({ ports: 50 }))).toEqual([50]);
  });

  it("are passed over at once when they are dead", async () => {
    const world = await several(3);
    const lease = await world.registries[0]!.acquire({ ports: 50 });
    const { pids } = await waitInTurn(world);
    world.machine.kill(2);
    const before = world.machine.time.clockOf(3).elapsed();
    await lease.release();
    await settle();
    expect(pids()).toEqual([3]);
    expect(world.machine.time.clockOf(3).elapsed()).toBe(before);
  });

  it("keep nobody from the port of a dead holder for ever, when they are stopped", async () => {
    const world = await several(2);
    const newcomer = await world.enter(9);
    await world.registries[0]!.acquire({ ports: 50 });
    await waitInTurn(world);
    world.machine.stop(2);
    world.machine.kill(1);
    const ask = async (): Promise<unknown> => await outcome(newcomer.acquire({ ports: 50 }));
    expect(await ask()).toBe("NO_PORT_AVAILABLE");
    await world.machine.time.advance(QUARANTINE_MS);
    expect(await ask()).toEqual([50]);
  });
});

interface Waking {
  readonly hold: (world: Several) => Promise<Lease>;
  readonly end: (world: Several, lease: Lease) => unknown;
  /** Within how many milliseconds the waiter has the port. */
  readonly withinMs: number;
}

const wakings: readonly (readonly [string, Waking])[] = [
  [
    "at the release of a lease that has a guard",
    {
      hold: ({ registries }) => registries[0]!.acquire({ ports: 50 }),
      end: (_, lease) => lease.release(),
      withinMs: 0,
    },
  ],
  [
    "at the death of a holder that has a guard",
    {
      hold: ({ registries }) => registries[0]!.acquire({ ports: 50 }),
      end: ({ machine }) => machine.kill(1),
      withinMs: 0,
    },
  ],
  [
    "a moment after the release of a lease that is held for another process",
    {
      hold: ({ registries }) => registries[0]!.acquire({ ports: 50, for: 7 }),
      end: (_, lease) => lease.release(),
      withinMs: 250,
    },
  ],
  [
    "a moment after the death of a process that a lease is held for",
    {
      hold: ({ registries }) => registries[0]!.acquire({ ports: 50, for: 7 }),
      end: ({ machine }) => machine.kill(7),
      withinMs: isOverEngine() ? 1000 : 250,
    },
  ],
  [
    "a moment after the time limit of a dead process passed",
    {
      hold: ({ registries }) => registries[0]!.acquire({ ports: 50, ttlMs: 1000 }),
      end: ({ machine }) => machine.kill(1),
      withinMs: 1250,
    },
  ],
  [
    "a moment after a stranger left the port",
    {
      hold: async ({ machine, registries }) => {
        machine.verdicts.set(50, "stranger");
        return await registries[0]!.acquire({ ports: 51 });
      },
      end: ({ machine }) => machine.verdicts.clear(),
      withinMs: 250,
    },
  ],
  [
    "a moment after the name gave up that kept the port",
    {
      hold: async ({ registries }) => {
        const lease = await registries[0]!.acquire({ name: "db", ports: 50, kept: true });
        await lease.release();
        return lease;
      },
      end: ({ registries }) => registries[0]!.giveUp("db"),
      withinMs: 250,
    },
  ],
];

describe("who waits is granted the port", () => {
  it.each(wakings)("%s", async (_, { hold, end, withinMs }) => {
    const world = await several(2);
    const lease = await hold(world);
    const { pids } = await waitInTurn(world);
    await world.machine.time.advance(60_000);
    expect(pids()).toEqual([]);
    await end(world, lease);
    await world.machine.time.advance(withinMs);
    expect(pids()).toEqual([2]);
  });

  it("at once when it is free, without standing in line", async () => {
    const { registries } = await several(1);
    expect(await outcome(registries[0]!.acquire({ ports: 50, wait: true }))).toEqual([50]);
  });
});

async function waiting(options: AcquireOptions): Promise<Several & { call: Promise<unknown>; lease: Lease }> {
  const world = await several(3);
  const lease = await world.registries[0]!.acquire({ name: "web", ports: 50 });
  const call = world.registries[1]!.acquire({ ports: 50, wait: true, ...options });
  call.catch(() => undefined);
  await settle();
  return { ...world, call, lease };
}

/** Whether the port that is given back goes to a newcomer, as nobody is ahead. */
async function nobodyIsAhead(registry: Registry, lease: Lease): Promise<boolean> {
  await lease.release();
  return (await registry.tryAcquire({ ports: 50 })).granted;
}

describe("who waits", () => {
  it("can call it off, and leaves the line", async () => {
    const abort = new AbortController();
    const { registries, call, lease } = await waiting({ signal: abort.signal });
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(await nobodyIsAhead(registries[2]!, lease)).toBe(true);
  });

  it("is refused when its registry is closed, and leaves the line", async () => {
    const { registries, call, lease } = await waiting({});
    await registries[1]!.close();
    await expect(call).rejects.toMatchObject({ code: "REGISTRY_CLOSED" });
    expect(await nobodyIsAhead(registries[2]!, lease)).toBe(true);
  });

  it("is refused when its registry is closed before it could stand in line", async () => {
    const { registries } = await several(2);
    await registries[0]!.acquire({ ports: 50 });
    const call = registries[1]!.acquire({ ports: 50, wait: true });
    await Promise.all([
      registries[1]!.close(),
      expect(call).rejects.toMatchObject({ code: "REGISTRY_CLOSED" }),
    ]);
  });

  it("for several ports takes those that are free together, whichever came free", async () => {
    const { machine, registries } = await several(2);
    const leases = [];
    for (const ports of [50, 51, 52]) leases.push(await registries[0]!.acquire({ ports }));
    const call = registries[1]!.acquire({ ports: "50-52", count: 2, wait: true });
    await leases[1]!.release();
    await machine.time.advance(1000);
    expect(await summary(registries[0]!)).toEqual(["- 50", "- 52"]);
    await leases[2]!.release();
    expect(sorted((await machine.time.until(call)).ports)).toEqual([51, 52]);
  });
});
