// acquireAll() and tryAcquire(): all or none, and refusals as values.

import { describe, expect, it } from "vitest";

import type { PartOptions } from "../../src/registry/index.ts";
import { faulty } from "./faulty-store.ts";
import { outcome, several, sorted, summary } from "./world.ts";

describe("acquireAll", () => {
  it("grants a lease for each key, each under its own name", async () => {
    const { registries } = await several(1);
    const group = await registries[0]!.acquireAll({
      web: { name: "web", ports: 50 },
      api: { ports: "60-61", count: 2, protocol: "udp" },
    });
    expect(group.web).toMatchObject({ name: "web", port: 50 });
    expect(group.api).toMatchObject({ name: null, ports: [60, 61], protocols: ["udp"] });
    expect(Object.keys(group)).toEqual(["web", "api"]);
    expect(await summary(registries[0]!)).toEqual(["web 50", "- 60,61"]);
  });

  it("of nothing is nothing", async () => {
    const { registries } = await several(1);
    expect(Object.keys(await registries[0]!.acquireAll({}))).toEqual([]);
  });

  it("gives all back when its block is left", async () => {
    const { machine, registries } = await several(1);
    {
      await using group = await registries[0]!.acquireAll({ a: { ports: 50 }, b: { name: "b" } });
      expect(machine.guards).toHaveLength(2);
      expect(group.a.isValid()).toBe(true);
    }
    expect([await registries[0]!.list(), machine.guards]).toEqual([[], []]);
  });

  it("takes one commit for all, and one for their names", async () => {
    const faults = faulty();
    const { registries } = await several(1, { wrap: faults.wrap });
    await registries[0]!.acquireAll({ a: { name: "a" }, b: { name: "b" }, c: { ports: "50-59", count: 5 } });
    expect(faults.calls.commit).toBe(2);
  });

  it.each<[string, Record<string, PartOptions>]>([
    ["a fixed port", { any: { ports: "50-51" }, fixed: { ports: 50 } }],
    ["all ports of a set", { any: { ports: "53-56" }, all: { ports: "50-54", count: 5 } }],
    ["the ports that a name keeps", { any: { ports: "57-58" }, kept: { name: "db", ports: "50-59" } }],
  ])("lets who needs %s choose first", async (_, parts) => {
    const { registries } = await several(1);
    const db = await registries[0]!.acquire({ name: "db", ports: 57, kept: true });
    await db.release();
    const group = await registries[0]!.acquireAll(parts);
    const ports = Object.values(group).flatMap((lease) => lease.ports);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it("can have one number for tcp in one part and for udp in the other", async () => {
    const { registries } = await several(1);
    const group = await registries[0]!.acquireAll({
      tcp: { ports: 50 },
      udp: { ports: 50, protocol: "udp" },
    });
    expect([group.tcp.port, group.udp.port]).toEqual([50, 50]);
  });

  it.each<[string, Record<string, PartOptions>, string]>([
    ["a lease", { a: { name: "a", ports: 60 }, b: { ports: 50 } }, "NO_PORT_AVAILABLE"],
    ["a stranger", { a: { name: "a", ports: "60-69", count: 3 }, b: { ports: 51 } }, "NO_PORT_AVAILABLE"],
    ["a name that is held", { a: { ports: 60 }, b: { name: "held" } }, "NAME_HELD"],
    ["a name that keeps others", { a: { name: "a" }, b: { name: "db", ports: 60 } }, "NAME_KEPT"],
    ["one another", { a: { ports: 60 }, b: { ports: 60 } }, "NO_PORT_AVAILABLE"],
  ])("claims nothing when %s is in the way of one part", async (_, parts, code) => {
    const { machine, registries } = await several(2);
    const [one, two] = registries;
    await one!.acquire({ name: "held", ports: 50 });
    await (await one!.acquire({ name: "db", ports: 59, kept: true })).release();
    machine.verdicts.set(51, "stranger");
    await expect(two!.acquireAll(parts)).rejects.toMatchObject({ code });
    expect([await summary(two!), machine.guards]).toEqual([["held 50"], ["tcp/50 of 1"]]);
    await expect(two!.release("a")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    expect(await outcome(one!.acquire({ ports: "60-62", count: 3 }))).toEqual([60, 61, 62]);
  });

  it("finds the leases of names that its process has already, and leaves them alone when it is refused", async () => {
    const { registries } = await several(1);
    const web = await registries[0]!.acquire({ name: "web" });
    const group = await registries[0]!.acquireAll({ web: { name: "web" }, db: { name: "db", ports: 60 } });
    expect(group.web).toBe(web);
    await expect(
      registries[0]!.acquireAll({ web: { name: "web" }, other: { ports: 60 } }),
    ).rejects.toMatchObject({ code: "NO_PORT_AVAILABLE" });
    expect([web.isValid(), web.lost.aborted]).toEqual([true, false]);
    expect(await summary(registries[0]!)).toEqual(["db 60", `web ${web.port}`]);
  });

  it("that fails after the grant, where a name was to keep its ports, claims nothing", async () => {
    const faults = faulty();
    const { machine, registries } = await several(1, { wrap: faults.wrap });
    const web = await registries[0]!.acquire({ name: "web", ports: 50 });
    const failure = new Error("the disk is gone");
    faults.fail("commit", 2, failure);
    const parts = { web: { name: "web", ports: 50, kept: true }, other: { ports: 60 } };
    await expect(registries[0]!.acquireAll(parts)).rejects.toBe(failure);
    expect([await summary(registries[0]!), machine.guards]).toEqual([["web 50"], ["tcp/50 of 1"]]);
    expect(web.isValid()).toBe(true);
  });

  it("of two that want one another's ports gives each all or none, again and again", async () => {
    const { registries } = await several(4, { quarantineMs: 0 });
    for (let round = 0; round < 20; round++) {
      const calls = registries.map((registry, at) =>
        registry.acquireAll({
          a: { ports: 50 + (at % 3), name: `a${at}` },
          b: { ports: 50 + ((at + 1) % 3) },
        }),
      );
      const groups = (await Promise.allSettled(calls)).flatMap((call) =>
        call.status === "fulfilled" ? [call.value] : [],
      );
      const ports = groups.flatMap(({ a, b }) => [a.port, b.port]);
      expect(new Set(ports).size).toBe(ports.length);
      const listed = (await registries[0]!.list()).flatMap((lease) => lease.ports);
      expect(sorted(listed)).toEqual(sorted(ports));
      for (const group of groups) await group[Symbol.asyncDispose]();
    }
  });

  it("that waits is granted all when the last one is free", async () => {
    const { machine, registries } = await several(2);
    const [a, b] = [await registries[0]!.acquire({ ports: 50 }), await registries[0]!.acquire({ ports: 60 })];
    const call = registries[1]!.acquireAll({ a: { ports: 50 }, b: { ports: 60, name: "b" } }, { wait: true });
    await a.release();
    await machine.time.advance(1000);
    expect(await summary(registries[0]!)).toEqual(["- 60"]);
    await b.release();
    const group = await machine.time.until(call);
    expect([group.a.port, group.b.port]).toEqual([50, 60]);
  });

  it.each<[unknown, unknown, typeof TypeError, string]>([
    [null, {}, TypeError, "`parts`: expected an object of requests by key, received null"],
    [[{}], {}, TypeError, "`parts`: expected an object of requests by key, received an array"],
    [{ web: null }, {}, TypeError, "`web`: expected an object, received null"],
    [{ web: 3000 }, {}, TypeError, "`web`: expected an object, received 3000"],
    [{ web: { wait: true } }, {}, TypeError, "`web.wait`: belongs to the call, not to one part"],
    [{ web: { signal: undefined } }, {}, TypeError, "`web.signal`: belongs to the call"],
    [{ web: { port: 1 } }, {}, TypeError, "acquireAll: unknown option `port`"],
    [{ web: {} }, { name: "x" }, TypeError, "acquireAll: unknown option `name`; known are wait, signal"],
    [{ web: {} }, { wait: 1 }, TypeError, "`wait`: expected true or false, received 1"],
    [
      { a: { name: "web" }, b: { name: "web" } },
      {},
      RangeError,
      '`name`: expected a name of its own for each part, received the string "web" twice',
    ],
  ])("refuses %j with %j", async (parts, options, kind, message) => {
    const { registries } = await several(1);
    const call = registries[0]!.acquireAll(parts as Record<string, PartOptions>, options as object);
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ message: expect.stringContaining(message) as string });
    expect(await registries[0]!.list()).toEqual([]);
  });
});

describe("tryAcquire", () => {
  it("returns what was granted, or why not", async () => {
    const { registries } = await several(2);
    const [one, two] = registries;
    const attempt = await one!.tryAcquire({ name: "web", ports: 50 });
    expect(attempt).toMatchObject({ granted: true, lease: { name: "web", port: 50 } });
    const refused = [await two!.tryAcquire({ ports: 50 }), await two!.tryAcquire({ name: "web" })];
    expect(refused).toMatchObject([
      { granted: false, refusal: { code: "NO_PORT_AVAILABLE", refused: { leased: 1 } } },
      { granted: false, refusal: { code: "NAME_HELD", holder: { pid: 1 } } },
    ]);
  });

  it("throws what is no refusal", async () => {
    const { registries } = await several(1);
    await expect(registries[0]!.tryAcquire({ ports: 0 })).rejects.toBeInstanceOf(RangeError);
    await expect(registries[0]!.tryAcquire({ for: 10_000 })).rejects.toMatchObject({
      code: "PROCESS_NOT_FOUND",
    });
    await expect(registries[0]!.tryAcquire({ port: 1 } as object)).rejects.toThrow(
      "tryAcquire: unknown option `port`",
    );
  });
});
