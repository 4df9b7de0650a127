// Handing leases over: transfer() and adopt() are new grants, and the old handle has nothing to say any more.

import { describe, expect, it } from "vitest";

import type { Lease } from "../../src/registry/index.ts";
import { join, outcome, processOf, several, summary } from "./world.ts";

function lossOf(lease: Lease): unknown {
  return lease.lost.aborted ? (lease.lost.reason as { reason: string }).reason : undefined;
}

describe("transfer", () => {
  it("is a new lease of the same ports for the other process, with a larger token", async () => {
    const { registries } = await several(2);
    const old = await registries[0]!.acquire({
      name: "web",
      ports: "50-51",
      count: 2,
      protocol: ["tcp", "udp"],
    });
    const lease = await old.transfer(2);
    const { ports, protocols, addresses, name } = old;
    expect(lease).toMatchObject({ ports, protocols, addresses, name, holder: processOf(2), ttlMs: null });
    expect(lease.id).not.toBe(old.id);
    expect(lease.token.revision).toBeGreaterThan(old.token.revision);
    expect(await registries[1]!.list()).toMatchObject([
      { id: lease.id, holder: { pid: 2 }, token: lease.token, state: "held" },
    ]);
  });

  it("has the old lease be lost at once, and say why", async () => {
    const { machine, registries } = await several(2);
    const old = await registries[0]!.acquire({ name: "web", ports: 50 });
    await old.transfer(2);
    expect([old.isValid(), lossOf(old), machine.guards]).toEqual([false, "transferred", []]);
    expect(old.lost.reason).toMatchObject({
      code: "LEASE_LOST",
      ports: [50],
      message: "the lease of port 50 was handed to another process",
    });
  });

  it("leaves the old handle nothing to release, transfer or close", async () => {
    const { registries } = await several(3);
    const old = await registries[0]!.acquire({ name: "web", ports: 50 });
    const lease = await old.transfer(2);
    await expect(old.transfer(3)).rejects.toMatchObject({ code: "LEASE_LOST", reason: "transferred" });
    await old.release();
    await registries[0]!.close();
    expect((await registries[1]!.list()).map(({ id }) => id)).toEqual([lease.id]);
  });

  it("gives a handle that can release the new lease", async () => {
    const { registries } = await several(2);
    const lease = await (await registries[0]!.acquire({ name: "web", ports: 50 })).transfer(2);
    expect(lease.isValid()).toBe(true);
    await lease.release();
    expect(await registries[1]!.list()).toEqual([]);
  });

  it("to a process that is not there is PROCESS_NOT_FOUND, and changes nothing", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ ports: 50 });
    await expect(lease.transfer(10_000)).rejects.toMatchObject({
      code: "PROCESS_NOT_FOUND",
      message: "`pid`: there is no process 10000",
    });
    await expect(lease.transfer(0)).rejects.toBeInstanceOf(RangeError);
    expect([lease.isValid(), lossOf(lease)]).toEqual([true, undefined]);
  });

  it("ends a time limit: the new lease lives as long as its holder", async () => {
    const { machine, registries } = await several(2);
    const old = await registries[0]!.acquire({ name: "web", ports: 50, ttlMs: 1000 });
    await old.transfer(2);
    await machine.time.advance(60_000);
    expect(await registries[1]!.list()).toMatchObject([{ state: "held", hasTimeLimit: false }]);
    machine.kill(2);
    expect(await summary(registries[0]!)).toEqual(["web 50 abandoned"]);
  });

  it("to this very process is a new lease that has its guard", async () => {
    const { machine, registries } = await several(1);
    const old = await registries[0]!.acquire({ ports: 50 });
    const lease = await old.transfer(1);
    expect([lossOf(old), lease.isValid(), machine.guards]).toEqual(["transferred", true, ["tcp/50 of 1"]]);
    await lease.release();
    expect([await registries[0]!.list(), machine.guards]).toEqual([[], []]);
  });

  it("is refused when the lease was taken away meanwhile", async () => {
    const { registries } = await several(3);
    const old = await registries[0]!.acquire({ ports: 50 });
    await registries[1]!.release(50, { force: true });
    const successor = await registries[1]!.acquire({ ports: 50 });
    await expect(old.transfer(3)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect((await registries[1]!.list()).map(({ id }) => id)).toEqual([successor.id]);
  });

  it("leaves what stands beside it on another address alone", async () => {
    const { registries } = await several(3);
    const beside = await registries[2]!.acquire({ ports: 50, address: "127.0.0.2" });
    const lease = await (await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" })).transfer(2);
    const tokens = (await registries[0]!.list()).map(({ id, token }) => [id, token]);
    expect(tokens).toEqual(
      expect.arrayContaining([
        [beside.id, beside.token],
        [lease.id, lease.token],
      ]),
    );
  });
});

describe("adopt", () => {
  it("takes up the lease that was transferred to this process, with its guard", async () => {
    const { machine, registries } = await several(2);
    const handed = await (await registries[0]!.acquire({ name: "web", ports: 50 })).transfer(2);
    const lease = await registries[1]!.adopt("web");
    expect(lease).toMatchObject({ name: "web", port: 50, holder: { pid: 2 } });
    expect(lease.token.revision).toBeGreaterThan(handed.token.revision);
    expect(machine.guards).toEqual(["tcp/50 of 2"]);
    expect(await registries[1]!.acquire({ name: "web", ports: 50 })).toBe(lease);
    await registries[1]!.close();
    expect([await registries[0]!.list(), machine.guards]).toEqual([[], []]);
  });

  it("takes the lease of a living ancestor over, whose guard and handle go", async () => {
    const { machine, registries, enter } = await several(1);
    const old = await registries[0]!.acquire({ name: "web", ports: 50 });
    const child = await enter(2, { parents: [8, 1] });
    const lease = await machine.time.until(child.adopt("web"));
    expect([lossOf(old), old.isValid()]).toEqual(["transferred", false]);
    expect(machine.guards).toEqual(["tcp/50 of 2"]);
    await old.release();
    expect((await child.list()).map(({ id }) => id)).toEqual([lease.id]);
  });

  it("follows the guard of an ancestor that is stopped, until that lets it go", async () => {
    const { machine, registries, enter } = await several(1);
    await registries[0]!.acquire({ name: "web", ports: 50 });
    machine.stop(1);
    const child = await enter(2, { parents: [1] });
    const lease = await machine.time.until(child.adopt("web"));
    expect([lease.isValid(), machine.guards]).toEqual([true, ["tcp/50 of 1"]]);
    await machine.goOn(1);
    await machine.time.advance(1000);
    expect(machine.guards).toEqual(["tcp/50 of 2"]);
  });

  it("takes what a dead process left", async () => {
    const { machine, registries } = await several(2);
    await registries[0]!.acquire({ name: "web", ports: 50 });
    machine.kill(1);
    const lease = await registries[1]!.adopt("web");
    expect([lease.port, machine.guards]).toEqual([50, ["tcp/50 of 2"]]);
    expect(await summary(registries[1]!)).toEqual(["web 50"]);
  });

  it("returns the lease that the registry has", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
    expect(await registries[0]!.adopt("web")).toBe(lease);
  });

  it("takes over from another registry of the same process", async () => {
    const { machine, registries, state } = await several(1);
    const old = await registries[0]!.acquire({ name: "web", ports: 50 });
    const second = await join({ state, machine, pid: 1 });
    const lease = await machine.time.until(second.adopt("web"));
    expect([lossOf(old), lease.isValid(), machine.guards]).toEqual(["transferred", true, ["tcp/50 of 1"]]);
    await lease.release();
    expect(machine.guards).toEqual([]);
  });

  it.each<[string, string, string]>([
    ["a living stranger's lease", "theirs", "NAME_HELD"],
    ["a name that nobody has", "nobody", "LEASE_NOT_FOUND"],
    ["a name that was given back", "former", "LEASE_NOT_FOUND"],
  ])("is refused for %s", async (_, name, code) => {
    const { registries } = await several(2);
    await registries[1]!.acquire({ name: "theirs" });
    await (await registries[1]!.acquire({ name: "former" })).release();
    await expect(registries[0]!.adopt(name)).rejects.toMatchObject({ code });
    expect(await registries[0]!.list()).toMatchObject([{ name: "theirs", holder: { pid: 2 } }]);
  });

  it("is refused for a lease that its dead maker never finished, which the next request cleans up", async () => {
    const { machine, registries } = await several(2);
    machine.beforeLook = () => {
      machine.beforeLook = () => undefined;
      machine.kill(1);
    };
    void registries[0]!.acquire({ name: "web", ports: 50, for: 2 });
    await machine.time.advance(0);
    expect(await summary(registries[1]!)).toEqual(["web 50"]);
    await expect(registries[1]!.adopt("web")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    expect(await outcome(registries[1]!.acquire({ name: "web", ports: 50 }))).toEqual([50]);
    expect(machine.guards).toEqual(["tcp/50 of 2"]);
  });
});

describe("a lease that its own process gives back", () => {
  it.each<[string, string | number]>([
    ["by name", "web"],
    ["by number", 50],
  ])("%s is lost to its handle, and its guard is let go", async (_, target) => {
    const { machine, registries } = await several(1);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
    await registries[0]!.release(target);
    expect([lossOf(lease), lease.isValid(), machine.guards]).toEqual(["released", false, []]);
    await lease.release();
  });

  it("through its handle is not lost but over", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
    await lease.release();
    expect([lossOf(lease), lease.isValid()]).toEqual([undefined, false]);
  });

  it("port by port is lost with the last of them", async () => {
    const { machine, registries } = await several(1);
    const lease = await registries[0]!.acquire({ name: "web", ports: "50-51", count: 2 });
    await registries[0]!.release(50);
    expect([lossOf(lease), machine.guards]).toEqual([undefined, ["tcp/51 of 1"]]);
    await registries[0]!.release(51);
    expect([lossOf(lease), machine.guards]).toEqual(["released", []]);
  });
});

describe("a lease that another process takes away", () => {
  it("is lost when its process is asked for the guard", async () => {
    const { machine, registries } = await several(2);
    const lease = await registries[0]!.acquire({ name: "web", ports: 50 });
    await registries[1]!.release("web", { force: true });
    expect([lossOf(lease), lease.isValid(), machine.guards]).toEqual(["released", false, []]);
  });
});
