// Waiting for a name: whoever came first gets it, with the ports it had.

import { describe, expect, it } from "vitest";

import type { AcquireOptions, Lease } from "../../src/registry/index.ts";
import { settle } from "./time.ts";
import { outcome, QUARANTINE_MS, several, shown, type Several } from "./world.ts";

const NAMED = { name: "web", ports: "50-59" } as const;

const endings: readonly (readonly [string, (world: Several, lease: Lease) => unknown])[] = [
  ["given back", (_, lease) => lease.release()],
  ["left by a dead holder", ({ machine }) => machine.kill(1)],
];

describe("a name that was", () => {
  it.each(endings)(
    "%s goes to those who wait for it in their order, and its ports with it",
    async (_, end) => {
      const world = await several(4);
      const lease = await world.registries[0]!.acquire(NAMED);
      const granted: Lease[] = [];
      for (const registry of world.registries.slice(1)) {
        void registry.acquire({ ...NAMED, wait: true }).then((one) => granted.push(one));
        await settle();
      }
      await end(world, lease);
      for (let turn = 0; turn < 3; turn++) {
        await world.machine.time.advance(6000);
        expect(granted.map(({ holder, port }) => [holder.pid, port])).toEqual(
          [2, 3, 4].slice(0, turn + 1).map((pid) => [pid, lease.port]),
        );
        await granted[turn]!.release();
      }
    },
  );

  it.each(endings)("%s is refused to a newcomer while somebody waits for it", async (_, end) => {
    const world = await several(3);
    const lease = await world.registries[0]!.acquire(NAMED);
    // It ends with its registry, at the end of the test.
    void outcome(world.registries[1]!.acquire({ ...NAMED, wait: true }));
    await settle();
    // It is not quick enough, so that the newcomer is there first.
    world.machine.stop(2);
    await end(world, lease);
    await expect(world.registries[2]!.acquire(NAMED)).rejects.toMatchObject({
      code: "NAME_HELD",
      leaseName: "web",
      holder: { pid: 2 },
      message: expect.stringContaining(
        `was just given back, and ${shown(2)} has waited for it; choose another name, or wait for it too`,
      ) as string,
    });
    await world.machine.time.advance(QUARANTINE_MS);
    expect(await outcome(world.registries[2]!.acquire(NAMED))).toEqual([lease.port]);
  });
});

describe("a wait for a name", () => {
  it("is no wait when it is this process's already", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire(NAMED);
    expect(await registries[0]!.acquire({ ...NAMED, wait: true })).toBe(lease);
  });

  it.each<[string, AcquireOptions, string]>([
    ["this process has the name, with other ports", { name: "web", ports: 60 }, "NAME_HELD"],
    ["the name keeps other ports", { name: "db", ports: 60 }, "NAME_KEPT"],
    ["no block can ever be found", { ports: "60,62", count: 2, contiguous: true }, "NO_PORT_AVAILABLE"],
  ])("is refused at once when %s", async (_, options, code) => {
    const { registries } = await several(1);
    await (await registries[0]!.acquire({ name: "db", ports: 70, kept: true })).release();
    await registries[0]!.acquire(NAMED);
    expect(await outcome(registries[0]!.acquire({ ...options, wait: true }))).toBe(code);
  });

  it("does not keep others from the ports of other names", async () => {
    const { registries } = await several(3);
    await registries[0]!.acquire({ name: "web", ports: 50 });
    void outcome(registries[1]!.acquire({ name: "web", ports: 50, wait: true }));
    await settle();
    expect(await outcome(registries[2]!.acquire({ name: "api", ports: "50-51" }))).toEqual([51]);
  });
});
