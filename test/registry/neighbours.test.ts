// What others do to a lease while it is on its way, ends, or changes hands: it is never had twice.

import { describe, expect, it } from "vitest";

import type { Registry } from "../../src/registry/index.ts";
import { join, newState, outcome, several, type Several, summary } from "./world.ts";

/** A world, and a process on the same machine that shares no state with it. */
async function withStranger(count: number): Promise<Several & { stranger: Registry }> {
  const world = await several(count);
  const stranger = await join({ state: newState(), machine: world.machine, pid: 99 });
  return { ...world, stranger };
}

describe("two parts of one request", () => {
  it.each([["ab"], ["ba"]])(
    "(%s) never change one port at once: what one gives up the other leaves alone",
    async (order) => {
      const { machine, registries } = await several(2);
      const strangers = ["127.0.0.1 50", "127.0.0.2 60"];
      machine.beforeLook = ({ address, port }) => {
        machine.verdicts.set(port, strangers.includes(`${address.text} ${port}`) ? "stranger" : "free");
      };
      const parts = {
        a: { ports: [50, 51], prefer: 50, address: "127.0.0.1" },
        b: { ports: [60, 50], prefer: 60, address: "127.0.0.2" },
      };
      const request = order === "ab" ? parts : { b: parts.b, a: parts.a };
      const outcomeOfAll = await registries[0]!.acquireAll(request).then(
        (group) => [`- ${group.a.port}`, `- ${group.b.port}`].toSorted(),
        () => [],
      );
      expect((await summary(registries[1]!)).toSorted()).toEqual(outcomeOfAll);
    },
  );
});

describe("a lease that a dead process left", () => {
  it("is not adopted when another state folder has been granted its port since", async () => {
    const { machine, stranger, registries } = await withStranger(2);
    await registries[0]!.acquire({ name: "web", ports: 50 });
    machine.kill(1);
    const lease = await stranger.acquire({ ports: 50 });
    await expect(registries[1]!.adopt("web")).rejects.toMatchObject({
      code: "LEASE_NOT_FOUND",
      message:
        'the lease of the string "web" is over: port 50 went to another state folder or user, or its process has not let go yet',
    });
    expect([lease.isValid(), machine.guards]).toEqual([true, ["tcp/50 of 99"]]);
  });
});

describe("a lease whose time is over", () => {
  it("cannot be handed on, though nobody has taken its port", async () => {
    const { machine, stranger, registries } = await withStranger(2);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50, ttlMs: 1000 });
    machine.stop(1);
    await machine.time.advance(1500);
    await machine.goOn(1);
    expect(await outcome(stranger.acquire({ ports: 50 }))).toEqual([50]);
    await expect(lease.transfer(2)).rejects.toMatchObject({ code: "LEASE_LOST", reason: "expired" });
  });
});

describe("two leases of different addresses on one port", () => {
  it("yield, the one that has no guard yet, to a stranger who was quicker when the guard changed hands", async () => {
    const { machine, stranger, registries } = await withStranger(2);
    const first = await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" });
    const second = await registries[1]!.acquire({ ports: 50, address: "127.0.0.2" });
    machine.stop(2);
    await first.release();
    const others = await stranger.acquire({ ports: 50 });
    await machine.goOn(2);
    await machine.time.advance(1000);
    expect(second.lost.reason).toMatchObject({ code: "LEASE_LOST", reason: "taken" });
    expect([second.isValid(), others.isValid(), await summary(registries[0]!)]).toEqual([false, true, []]);
  });
});

describe("a name that is to keep its ports", () => {
  it("keeps them also when its lease is given back at the same time", async () => {
    for (let round = 0; round < 20; round++) {
      const { state, machine, registries } = await several(1);
      const again = await join({ state, machine, pid: 1 });
      const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
      await Promise.all([again.acquire({ name: "web", ports: 50, kept: true }), lease.release()]);
      expect((await again.reservations()).map(({ name }) => name)).toEqual(["web"]);
    }
  });
});
