// Guards: what keeps a port from those who share no state folder.

import { describe, expect, it } from "vitest";

import { openHost } from "../../src/host/index.ts";
import { isOverEngine, join, Machine, newState, outcome, several, type Several, summary } from "./world.ts";
import type { Registry } from "../../src/registry/index.ts";

/** A world, and a process on the same machine that shares no state with it. */
async function withStranger(count: number): Promise<Several & { stranger: Registry }> {
  const world = await several(count);
  const stranger = await join({ state: newState(), machine: world.machine, pid: 99 });
  return { ...world, stranger };
}

describe("a port that is leased in another state folder", () => {
  it("is not granted, and the refusal says why", async () => {
    const { stranger, registries } = await withStranger(1);
    await registries[0]!.acquire({ ports: 50 });
    await expect(stranger.acquire({ ports: 50 })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { guarded: 1, leased: 0, stranger: 0 },
      message: expect.stringContaining("1 leased in another state folder or by another user") as string,
    });
    expect(await outcome(stranger.acquire({ ports: "50-51" }))).toEqual([51]);
    expect(await summary(stranger)).toEqual(["- 51"]);
  });

  it("can be leased for the other protocol", async () => {
    const { stranger, registries } = await withStranger(1);
    await registries[0]!.acquire({ ports: 50 });
    expect(await outcome(stranger.acquire({ ports: 50, protocol: "udp" }))).toEqual([50]);
    expect(await outcome(stranger.acquire({ ports: 50, protocol: ["tcp", "udp"] }))).toBe(
      "NO_PORT_AVAILABLE",
    );
  });

  it("is one of several of which none is claimed", async () => {
    const { machine, stranger, registries } = await withStranger(1);
    await registries[0]!.acquire({ ports: 51 });
    expect(await outcome(stranger.acquire({ ports: "50-52", count: 3 }))).toBe("NO_PORT_AVAILABLE");
    expect([await stranger.list(), machine.guards]).toEqual([[], ["tcp/51 of 1"]]);
  });

  it.each<[string, (world: Several) => unknown]>([
    ["released by its lease", ({ registries }) => registries[0]!.close()],
    ["released by name", ({ registries }) => registries[0]!.release("web")],
    ["released by number", ({ registries }) => registries[0]!.release(50)],
    ["released by force", ({ registries }) => registries[1]!.release("web", { force: true })],
    ["that of a process that was killed", ({ machine }) => machine.kill(1)],
  ])("is free when it is %s", async (_, end) => {
    const world = await withStranger(2);
    await world.registries[0]!.acquire({ name: "web", ports: "50", protocol: ["tcp", "udp"] });
    await end(world);
    expect(world.machine.guards).toEqual([]);
    expect(await outcome(world.stranger.acquire({ ports: 50 }))).toEqual([50]);
  });

  it("can be waited for, and is granted in the poll after its release", async () => {
    const { machine, stranger, registries } = await withStranger(1);
    const lease = await registries[0]!.acquire({ ports: 50 });
    const call = stranger.acquire({ ports: 50, wait: true });
    await machine.time.advance(1000);
    await lease.release();
    await machine.time.advance(250);
    expect(await outcome(call)).toEqual([50]);
  });

  it("is granted all the same where the system has no guards", async () => {
    const world = await several(0);
    world.machine.hasGuards = false;
    const one = await world.enter(1);
    const two = await join({ state: newState(), machine: world.machine, pid: 2 });
    await one.acquire({ ports: 50 });
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
  });
});

describe("two leases on two addresses of one port", () => {
  it("have the guard of whoever came first; the second one takes it over when that goes", async () => {
    const { machine, stranger, registries } = await withStranger(2);
    const first = await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" });
    const second = await registries[1]!.acquire({ ports: 50, address: "127.0.0.2" });
    expect(machine.guards).toEqual(["tcp/50 of 1"]);
    await first.release();
    await machine.time.advance(0);
    expect(machine.guards).toEqual(["tcp/50 of 2"]);
    expect(await outcome(stranger.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
    await second.release();
    expect(machine.guards).toEqual([]);
  });

  it("of one process have one guard, until the last of them goes", async () => {
    const { machine, registries } = await several(1);
    const leases = [];
    for (const address of ["127.0.0.1", "127.0.0.2"]) {
      leases.push(await registries[0]!.acquire({ ports: 50, address }));
    }
    await leases[0]!.release();
    expect(machine.guards).toEqual(["tcp/50 of 1"]);
    await leases[1]!.release();
    expect(machine.guards).toEqual([]);
  });

  it("do not leave the guard to one that is given back before it has it", async () => {
    const { machine, registries } = await several(3);
    const leases = [];
    for (const [at, registry] of registries.entries()) {
      leases.push(await registry.acquire({ ports: 50, address: `127.0.0.${at + 1}` }));
    }
    await leases[1]!.release();
    await leases[0]!.release();
    await machine.time.advance(1000);
    expect(machine.guards).toEqual(["tcp/50 of 3"]);
  });
});

describe("a holder that cannot be judged", () => {
  it.skipIf(isOverEngine())(
    "is dead when nobody has its guard, ten seconds after the grant at the earliest",
    async () => {
      const { machine, registries } = await several(2);
      const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
      machine.unknown.add(1);
      expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
      await machine.time.advance(60_000);
      expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
      expect(lease.isValid()).toBe(true);
      machine.kill(1);
      expect(await summary(registries[1]!)).toEqual(["web 50 abandoned"]);
      expect(await outcome(registries[1]!.acquire({ name: "web", ports: 50 }))).toEqual([50]);
    },
  );

  it.skipIf(isOverEngine())("counts as alive in the first ten seconds, whoever has its guard", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire({ ports: 50 });
    machine.unknown.add(1);
    machine.kill(1);
    await machine.time.advance(9999);
    expect(await summary(registries[1]!)).toEqual(["- 50"]);
    await machine.time.advance(1);
    expect(await summary(registries[1]!)).toEqual(["- 50 abandoned"]);
  });

  it("counts as alive for ever when its lease has no guard", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire({ ports: 50, for: 7 });
    machine.unknown.add(7);
    await machine.time.advance(86_400_000);
    expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
  });

  it.skipIf(isOverEngine())(
    "that took longer than that between its claim and its guard begins anew",
    async () => {
      const { machine, registries } = await several(2);
      machine.beforeLook = async ({ port }) => {
        if (port !== 50) return;
        machine.beforeLook = () => undefined;
        // Its guard is not to be seen, as if it had not taken it yet.
        machine.unknown.add(1);
        machine.loseGuards(1);
        await machine.time.advance(10_000);
        expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toEqual([50]);
      };
      expect(await outcome(registries[0]!.acquire({ ports: "50-51", selection: "next-fit" }))).toEqual([51]);
      expect((await registries[1]!.list()).map(({ ports, holder }) => [ports[0], holder.pid])).toEqual([
        [50, 2],
        [51, 1],
      ]);
    },
  );
});

describe.skipIf(openHost().guards === undefined)("the guards of this system", () => {
  it("keep two registries apart that share nothing but the machine", async () => {
    const { guards } = openHost();
    const machine = new Machine();
    machine.guardsOf = () => guards!;
    const one = await join({ state: newState(), machine, pid: 1 });
    const two = await join({ state: newState(), machine, pid: 2 });
    const lease = await one.acquire({ ports: 13_700 });
    expect(await outcome(two.acquire({ ports: 13_700 }))).toBe("NO_PORT_AVAILABLE");
    await lease.release();
    expect(await outcome(two.acquire({ ports: 13_700 }))).toEqual([13_700]);
  });
});
