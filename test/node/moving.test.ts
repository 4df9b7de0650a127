// What a registry keeps, from one store into another: the same names have the same ports there, and no old token is the
// larger one.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/node/clock.ts";
import { diagnose, exportRecords, importRecords, open, type Scope } from "../../src/node/index.ts";
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

  it("of all hosts has each find its own again, whichever of them imports", async () => {
    const store = engine();
    const hosts = ["web-1", "web-2"];
    for (const host of hosts) {
      await using registry = await open({ store, scope: { host } });
      await registry.acquire({ name: `of ${host}`, ports: PORTS, kept: true });
    }
    const text = await exportRecords({ store, scope: { host: "web-1" }, all: true });
    const next = engine();
    await importRecords(text, { store: next, scope: { host: "web-2" } });
    for (const host of hosts) {
      await using registry = await open({ store: next, scope: { host } });
      expect((await registry.reservations()).map(({ name }) => name)).toEqual([`of ${host}`]);
    }
  });

  it("of a host goes into another one, and of a folder into a host", async () => {
    const store = engine();
    const [one, two] = [
      { store, scope: { host: "web-1" } },
      { store, scope: { host: "web-2" } },
    ];
    const { directory } = await filled();
    await importRecords(await exportRecords({ directory }), one);
    await importRecords(await exportRecords(one), two);
    for (const options of [one, two]) {
      await using registry = await open(options);
      expect((await registry.reservations()).map(({ name }) => name)).toEqual(["db"]);
    }
  });
});

describe("an export of a pool", () => {
  const pool = "vip-1";
  const ports = "30000-30009";

  async function exportPool(): Promise<string> {
    const options = { store: engine(), scope: { pool, ports } };
    {
      await using registry = await open(options);
      await registry.acquire({ name: "lb", ports: "30001", kept: true });
    }
    return await exportRecords(options);
  }

  it.each<[string, Scope, string]>([
    ["its ports", { pool }, ports],
    ["more ports", { pool, ports: "30000-30019" }, "30000-30019"],
  ])("makes the pool where it is not, with %s", async (_, scope, made) => {
    const options = { store: engine(), scope };
    expect(await importRecords(await exportPool(), options)).toMatchObject({ names: 1, skipped: [] });
    await using registry = await open(options);
    await expect(registry.acquire({ ports: 30_020 })).rejects.toThrow(`of this pool, which are ${made}`);
    expect(await registry.reservations()).toMatchObject([{ name: "lb", ports: [30_001] }]);
  });

  it("goes into the pool that is there, and has more ports", async () => {
    const options = { store: engine(), scope: { pool, ports: "30000-30019" } };
    await (await open(options)).close();
    await importRecords(await exportPool(), { ...options, scope: { pool } });
    await using registry = await open(options);
    expect((await registry.reservations()).map(({ name }) => name)).toEqual(["lb"]);
  });

  it.each<[string, { readonly scope?: Scope }, string]>([
    [
      "a host",
      { scope: { host: "web-1" } },
      '`scope`: expected pool/vip-1, which was exported, received host/web-1; import on an engine with MOORAGE_SCOPE=pool/vip-1 (`scope: { pool: "vip-1" }`)',
    ],
    ["this machine", {}, "`scope`: expected pool/vip-1, which was exported, received host/"],
    [
      "another pool",
      { scope: { pool: "vip-2", ports } },
      "`scope`: expected pool/vip-1, which was exported, received pool/vip-2; ",
    ],
    [
      "a pool of fewer ports",
      { scope: { pool, ports: "30000-30008" } },
      '`scope.ports`: expected all ports that the pool "vip-1" had, 30000-30009, received 30000-30008',
    ],
  ])("is refused by %s, and nothing is made of it", async (_, options, message) => {
    const store = engine();
    const epoch = (await store.open()).epoch;
    const attempt = importRecords(await exportPool(), { store, merge: true, ...options });
    await expect(attempt).rejects.toThrow(RangeError);
    await expect(attempt).rejects.toThrow(message);
    const after = await store.open();
    expect([after.epoch, await after.list("scopes", "scope/")]).toEqual([epoch, []]);
  });

  it("is refused by a folder", async () => {
    const directory = temporaryFolder();
    const before = await epochOf({ directory });
    await expect(importRecords(await exportPool(), { directory, merge: true })).rejects.toThrow(
      "`scope`: expected pool/vip-1, which was exported, received this machine, in a folder; import on an engine",
    );
    expect(await epochOf({ directory })).toBe(before);
  });

  it("is refused where a pool of that name has other ports than are said, or too few, and with it all hosts", async () => {
    const text = await exportPool();
    const store = engine();
    await (await open({ store, scope: { pool, ports: "30000-30008" } })).close();
    const epoch = (await store.open()).epoch;
    await expect(importRecords(text, { store, scope: { pool } })).rejects.toThrow("received 30000-30008");
    const from = engine();
    await (await open({ store: from, scope: { pool, ports } })).close();
    const all = await exportRecords({ store: from, scope: { host: "web-1" }, all: true });
    await expect(importRecords(all, { store, scope: { host: "web-1" } })).rejects.toThrow(
      "received 30000-30008",
    );
    const wider = engine();
    await (await open({ store: wider, scope: { pool, ports: "30000-30019" } })).close();
    await expect(importRecords(text, { store: wider, scope: { pool, ports } })).rejects.toThrow(
      '`scope.ports`: the pool "vip-1" has the ports 30000-30019, received 30000-30009',
    );
    expect([(await store.open()).epoch, (await wider.open()).epoch]).toEqual([epoch, epoch]);
  });
});

it.each([
  ["a host", { host: "web-1" }, "that of a host, as host/web-1 is, which was exported"],
  ["a folder", undefined, "that of a host, as default is, which was exported"],
])("an export of %s is refused by a pool", async (_, scope, message) => {
  const from = scope ? { store: engine(), scope } : { directory: temporaryFolder() };
  const store = engine();
  const attempt = importRecords(await exportRecords(from), { store, scope: { pool: "vip", ports: "1-9" } });
  await expect(attempt).rejects.toThrow(
    `\`scope\`: expected ${message}, received pool/vip; import with a MOORAGE_SCOPE that is a host's, or without one`,
  );
  expect(await (await store.open()).list("scopes", "scope/")).toEqual([]);
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
    const before = await epochOf({ directory: target });
    await expect(importRecords(text, { directory: target })).rejects.toThrow(
      '`merge`: there are records in the scope "default" already',
    );
    expect(await epochOf({ directory: target })).toBe(before);
    const report = await importRecords(text, { directory: target, merge: true });
    expect(report).toMatchObject({ names: 1, skipped: [`port/tcp/${ports[0]}`, "name/db"] });
    await using registry = await open({ directory: target });
    expect((await registry.reservations()).map(({ name }) => name)).toEqual(["mine"]);
    expect((await registry.acquire({ name: "web", ports: PORTS })).port).toBe(ports[2]);
    expect((await diagnose({ directory: target })).healthy).toBe(true);
  });
});

it("an import takes ports that somebody has just given back there", async () => {
  const { directory, ports } = await filled();
  const target = temporaryFolder();
  {
    await using registry = await open({ directory: target });
    for (const port of ports) await registry.acquire({ ports: port });
  }
  expect(await importRecords(await exportRecords({ directory }), { directory: target })).toMatchObject({
    names: 2,
    skipped: [],
  });
  await using registry = await open({ directory: target });
  expect((await registry.acquire({ name: "db" })).ports).toEqual(ports.slice(0, 2));
});

describe("text that is refused", () => {
  const slot = { scope: "default", key: "place/x", value: "{}" };
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
      "an epoch that no later one can follow in every store",
      JSON.stringify({ ...header, epoch: 2 ** 31 - 1 }),
      "expected an epoch of at most 2147483646 in line 1, received 2147483647",
    ],
    [
      "an epoch below zero",
      JSON.stringify({ ...header, epoch: -5 }),
      "the epoch, the scope and the number of slots in line 1",
    ],
    [
      "a slot twice",
      [{ ...header, slots: 2 }, slot, slot].map((line) => JSON.stringify(line)).join("\n"),
      'expected each slot once, received "place/x" in lines 2 and 3',
    ],
    [
      "a key with NUL",
      [header, { ...slot, key: "place/\0" }].map((line) => JSON.stringify(line)).join("\n"),
      "a key and a value in line 2, texts without NUL",
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

  it("for a record that cannot be read leaves the store as it is", async () => {
    const directory = temporaryFolder();
    const before = await epochOf({ directory });
    const lines = [
      { ...header, epoch: before + 5, slots: 2 },
      { scope: "default", key: "place/a", value: "{}" },
      { scope: "default", key: "port/tcp/10700", value: "{" },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join("\n");
    await expect(importRecords(text, { directory, merge: true })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
    });
    expect(await epochOf({ directory })).toBe(before);
  });
});
