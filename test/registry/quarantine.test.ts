// Quarantine: a port whose lease has just ended is the last choice for anybody but the name it had.

import { describe, expect, it } from "vitest";

import type { Lease } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { isOverEngine, outcome, QUARANTINE_MS, several, type Several, summary } from "./world.ts";

const TTL_MS = 1000;

interface EndingStory {
  /** How the lease of process 1 on port 50, named "web", ends. */
  readonly end: (world: Several, lease: Lease) => Promise<void>;
  readonly ttlMs?: number;
}

const endings: readonly (readonly [string, EndingStory])[] = [
  ["released", { end: (_, lease) => lease.release() }],
  [
    "released by force",
    { end: async ({ registries }) => void (await registries[1]!.release(50, { force: true })) },
  ],
  ["reclaimed, from a dead holder", { end: async ({ machine }) => machine.kill(1) }],
  [
    "expired",
    {
      ttlMs: TTL_MS,
      end: async ({ machine }) => {
        machine.kill(1);
        await machine.time.advance(TTL_MS);
      },
    },
  ],
];

/** A lease of port 50 that ended just now, and processes 2 and 3. */
async function justLeft({ end, ttlMs }: EndingStory): Promise<Several> {
  const world = await several(3);
  const lease = await world.registries[0]!.acquire({ name: "web", ports: 50, ...(ttlMs && { ttlMs }) });
  await end(world, lease);
  return world;
}

describe.each(endings)("a port whose lease was %s", (_, story) => {
  it("is the last choice of others, and one all the same", async () => {
    const { registries } = await justLeft(story);
    expect(await outcome(registries[1]!.acquire({ ports: "50-51" }))).toEqual([51]);
    expect(await outcome(registries[2]!.acquire({ ports: "50-51" }))).toEqual([50]);
  });

  it("comes last even if it is the wish, or the place that the request begins at", async () => {
    const { registries } = await justLeft(story);
    expect(await outcome(registries[1]!.acquire({ ports: "50-52", prefer: 50, count: 2 }))).toEqual([51, 52]);
  });

  it("is its old name's at once, whatever the request says of quarantine", async () => {
    const { registries } = await justLeft(story);
    const request = { name: "web", ports: "50-51", selection: "next-fit", quarantine: "refuse" } as const;
    expect(await outcome(registries[1]!.acquire(request))).toEqual([50]);
  });

  it("is refused to who refuses such ports, until the quarantine is over", async () => {
    const { machine, registries } = await justLeft(story);
    const strict = { ports: 50, quarantine: "refuse" } as const;
    await expect(registries[1]!.acquire(strict)).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { quarantined: 1, leased: 0 },
      message: expect.stringContaining("1 in quarantine") as string,
    });
    await machine.time.advance(QUARANTINE_MS - 1);
    expect(await outcome(registries[1]!.acquire(strict))).toBe("NO_PORT_AVAILABLE");
    await machine.time.advance(1);
    expect(await outcome(registries[1]!.acquire(strict))).toEqual([50]);
  });

  it("is waited for by who refuses such ports and waits", async () => {
    const { machine, registries } = await justLeft(story);
    const began = machine.time.clockOf(2).elapsed();
    const waiting = registries[1]!.acquire({ ports: 50, quarantine: "refuse", wait: true });
    expect((await machine.time.until(waiting)).port).toBe(50);
    expect(machine.time.clockOf(2).elapsed() - began).toBe(QUARANTINE_MS);
  });

  it("is like any other when the quarantine is over, which begins when somebody sees the end at the latest", async () => {
    const { machine, registries } = await justLeft(story);
    await outcome(registries[1]!.acquire({ ports: 50, quarantine: "refuse" }));
    await machine.time.advance(QUARANTINE_MS);
    expect(await outcome(registries[1]!.acquire({ ports: "50-51" }))).toEqual([50]);
  });

  it.skipIf(isOverEngine())("is like any other after a boot", async () => {
    const { machine, enter } = await justLeft(story);
    machine.reboot();
    const registry = await enter(9);
    expect(await outcome(registry.acquire({ ports: "50-51", quarantine: "refuse" }))).toEqual([50]);
  });
});

describe("a port in quarantine", () => {
  it("is so on the word of the registry that left it, not of the one that looks", async () => {
    const { machine, registries, enter } = await several(1, { quarantineMs: 10_000 });
    await (await registries[0]!.acquire({ ports: 50 })).release();
    const two = await enter(2, { quarantineMs: 0 });
    await machine.time.advance(9999);
    expect(await outcome(two.acquire({ ports: 50, quarantine: "refuse" }))).toBe("NO_PORT_AVAILABLE");
    await machine.time.advance(1);
    expect(await outcome(two.acquire({ ports: 50, quarantine: "refuse" }))).toEqual([50]);
  });

  it("is so for a request that began before the port was left", async () => {
    const { machine, registries, enter } = await several(1);
    await (await registries[0]!.acquire({ ports: 50 })).release();
    const lease = await registries[0]!.acquire({ ports: 51 });
    const faults = faulty();
    const two = await enter(2, { wrap: faults.wrap });
    let reads = 0;
    faults.before = async (call) => {
      // The first one tells of the other port, whose quarantine is counted by the time of then.
      if (call !== "read" || ++reads !== 2) return;
      await machine.time.advance(5);
      await lease.release();
    };
    expect(await outcome(two.acquire({ ports: "50-51", quarantine: "refuse" }))).toBe("NO_PORT_AVAILABLE");
    expect(lease.isValid()).toBe(false);
  });

  it("is none where there is no quarantine", async () => {
    const { registries } = await several(2, { quarantineMs: 0 });
    await (await registries[0]!.acquire({ ports: 50 })).release();
    expect(await outcome(registries[1]!.acquire({ ports: 50, quarantine: "refuse" }))).toEqual([50]);
  });

  it("does not come sooner because a block begins at it or has it in the middle", async () => {
    const { registries } = await several(2);
    await (await registries[0]!.acquire({ ports: 51 })).release();
    const block = { ports: "50-55", count: 2, contiguous: true };
    expect(await outcome(registries[1]!.acquire(block))).toEqual([52, 53]);
    expect(await outcome(registries[1]!.acquire(block))).toEqual([54, 55]);
    expect(await outcome(registries[1]!.acquire(block))).toEqual([50, 51]);
  });

  it("stays in it when a request that had it was refused for another reason", async () => {
    const { machine, registries } = await several(2);
    await (await registries[0]!.acquire({ ports: 50 })).release();
    machine.verdicts.set(51, "stranger");
    expect(await outcome(registries[1]!.acquire({ ports: "50-51", count: 2 }))).toBe("NO_PORT_AVAILABLE");
    expect(await outcome(registries[1]!.acquire({ ports: 50, quarantine: "refuse" }))).toBe(
      "NO_PORT_AVAILABLE",
    );
  });

  it("was not left by a request that was refused", async () => {
    const { machine, registries } = await several(2);
    machine.verdicts.set(51, "stranger");
    expect(await outcome(registries[0]!.acquire({ ports: "50-51", count: 2 }))).toBe("NO_PORT_AVAILABLE");
    expect(await outcome(registries[1]!.acquire({ ports: 50, quarantine: "refuse" }))).toEqual([50]);
  });

  it("is not left by the lease that stands beside on another address", async () => {
    const { registries } = await several(2);
    await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" });
    await (await registries[0]!.acquire({ ports: 50, address: "127.0.0.2" })).release();
    expect(await summary(registries[1]!)).toEqual(["- 50"]);
    expect(await outcome(registries[1]!.acquire({ ports: "50-51", address: "127.0.0.2" }))).toEqual([51]);
  });
});
