// What a registry keeps, from one store into another: the same names have the same ports there, and no old token is the
// larger one.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/node/clock.ts";
import { diagnose, exportRecords, importRecords, open } from "../../src/node/index.ts";
import { memory, type SharedMemory } from "../../src/stores/memory/index.ts";
import { temporaryFolder } from "../stores/folder.ts";

const PORTS = "10700-10799";

function engine(): SharedMemory {
  return memory({ expiring: { clock: systemClock, ttl: { least: 1000, step: 1000 } } });
}

beforeEach(() => {
  vi.stubEnv("MOORAGE_DIR", temporaryFolder());
  vi.stubEnv("MOORAGE_STORE", undefined);
  vi.stubEnv("MOORAGE_SCOPE", undefined);
});
afterEach(() => vi.unstubAllEnvs());

/** Of the tokens that are given now. */
async function epochOf(options: object): Promise<number> {
  await using registry = await open(options);
  return (await registry.acquire({ ports: PORTS })).token.epoch;
}

/** A folder with a name that keeps two ports, one that had a port, and a living lease. */
async function filled(): Promise<{ readonly directory: string; readonly ports: readonly number[] }> {
  const directory = temporaryFolder();
  await using registry = await open({ directory });
  const kept = await registry.acquire({ name: "db", ports: PORTS, count: 2, kept: true });
  const had = await registry.acquire({ name: "web", ports: PORTS });
  return { directory, ports: [...kept.ports, ...had.ports] };
}

describe("an export that is imported", () => {
  it("from a folder into an engine and back has every name find its ports, and keep what it kept", async () => {
    const { directory, ports } = await filled();
    const store = engine();
    const back = temporaryFolder();
    expect(await importRecords(await exportRecords({ directory }), { store })).toEqual({
      names: 2,
      leases: 0,
      others: 0,
      skipped: [],
      leftBehind: 0,
    });
    await importRecords(await exportRecords({ store }), { directory: back });
    for (const options of [{ store }, { directory: back }]) {
      await using registry = await open(options);
      expect(await registry.reservations()).toMatchObject([{ name: "db", ports: ports.slice(0, 2) }]);
      const other = await registry.tryAcquire({ ports: ports[0] });
      expect(other).toMatchObject({ granted: false, refusal: { refused: { kept: 1 } } });
      expect((await registry.acquire({ name: "db" })).ports).toEqual(ports.slice(0, 2));
      expect((await registry.acquire({ name: "web", ports: PORTS })).port).toBe(ports[2]);
    }
    const { findings } = await diagnose({ directory: back });
    const states = findings.filter(({ check }) => ["records", "scopes"].includes(check));
    expect(states.map(({ state }) => state)).toEqual(["ok", "ok"]);
  });

  it("has tokens of a later epoch than those that were given before, there and back", async () => {
    const directory = temporaryFolder();
    const store = engine();
    const first = await epochOf({ directory });
    await importRecords(await exportRecords({ directory }), { store });
    const second = await epochOf({ store });
    await importRecords(await exportRecords({ store }), { directory, merge: true });
    const third = await epochOf({ directory });
    expect([second > first, third > second]).toEqual([true, true]);
  });

  it("takes living leases over from folder to folder, and leaves them behind on the way to an engine", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const lease = await registry.acquire({ name: "web", ports: PORTS });
    await registry.acquire({ ports: PORTS, ttlMs: 60_000 });
    const text = await exportRecords({ directory });
    const next = temporaryFolder();
    expect(await importRecords(text, { directory: next })).toMatchObject({ leases: 1, leftBehind: 1 });
    await using other = await open({ directory: next });
    expect(await other.list()).toMatchObject([{ id: lease.id, state: "held", ports: [lease.port] }]);
    const [{ token } = { token: undefined }] = await other.list();
    expect(token?.epoch).toBeGreaterThan(lease.token.epoch);
    const store = engine();
    expect(await importRecords(text, { store })).toMatchObject({ names: 1, leases: 0, leftBehind: 2 });
    await using far = await open({ store });
    expect(await far.list()).toEqual([]);
  });

  it("of all hosts and pools keeps their names and the ports of the pools", async () => {
    const store = engine();
    {
      await using one = await open({ store, scope: { host: "web-1" } });
      await using pool = await open({ store, scope: { pool: "vip", ports: "80-89" } });
      await one.acquire({ name: "a", ports: PORTS, kept: true });
      await pool.acquire({ name: "b", kept: true });
    }
    const next = engine();
    const scope = { host: "web-1" };
    const { names } = await importRecords(await exportRecords({ store, scope, all: true }), {
      store: next,
      scope,
    });
    expect(names).toBe(2);
    await using host = await open({ store: next, scope });
    await using pool = await open({ store: next, scope: { pool: "vip" } });
    expect((await host.reservations()).map(({ name }) => name)).toEqual(["a"]);
    expect((await pool.reservations()).map(({ name }) => name)).toEqual(["b"]);
    await expect(pool.acquire({ ports: 90 })).rejects.toThrow("which are 80-89");
  });
});

describe("an import beside what is there", () => {
  it("is refused, but with merge leaves that as it is, and what goes with it", async () => {
    const { directory, ports } = await filled();
    const text = await exportRecords({ directory });
    const target = temporaryFolder();
    {
      await using registry = await open({ directory: target });
      await registry.acquire({ name: "mine", ports: ports[0], kept: true });
    }
    await expect(importRecords(text, { directory: target })).rejects.toThrow(
      '`merge`: there are records in the scope "default" already',
    );
    const report = await importRecords(text, { directory: target, merge: true });
    expect(report).toMatchObject({ names: 1, skipped: [`port/tcp/${ports[0]}`, "name/db"] });
    await using registry = await open({ directory: target });
    expect((await registry.reservations()).map(({ name }) => name)).toEqual(["mine"]);
    expect((await registry.acquire({ name: "web", ports: PORTS })).port).toBe(ports[2]);
    expect((await diagnose({ directory: target })).healthy).toBe(true);
  });
});

describe("text that is refused", () => {
  const header = { moorage: "export", version: 1, epoch: 1, scope: "default", slots: 1 };
  it.each<[string, string, string]>([
    ["nothing", "", "expected an object in JSON in line 1"],
    ["another file", '{"name":"moorage"}', "expected what `moorage export` wrote"],
    [
      "that of a newer version",
      JSON.stringify({ ...header, version: 2 }),
      "expected an export of version 1 at most, received 2; use the newer version of Moorage",
    ],
    [
      "a header without its epoch",
      JSON.stringify({ ...header, epoch: "1" }),
      "the epoch, the scope and the number of slots in line 1",
    ],
    ["a broken line", `${JSON.stringify(header)}\n{"scope":`, "expected an object in JSON in line 2"],
    [
      "one whose last line is missing",
      JSON.stringify(header),
      "expected as many slots as line 1 says, 1, received 0",
    ],
    ["a line of another kind", `${JSON.stringify(header)}\n\n{"a":1}`, "a key and a value in line 2"],
  ])("%s", async (_, text, message) => {
    const directory = temporaryFolder();
    await expect(importRecords(text, { directory })).rejects.toThrow(RangeError);
    await expect(importRecords(text, { directory })).rejects.toThrow(message);
  });
});
