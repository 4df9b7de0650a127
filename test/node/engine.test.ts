// open() on an engine: which one, whose ports, and what a caller is told who asks wrongly.

import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/node/clock.ts";
import { diagnose, exportRecords, open, repair } from "../../src/node/index.ts";
import { type MachineFacts, machineFacts, machineName } from "../../src/node/machine.ts";
import { memory, type SharedMemory } from "../../src/stores/memory/index.ts";
import { temporaryFolder } from "../stores/folder.ts";

const PORTS = "10300-10399";

function engine(): SharedMemory {
  return memory({ expiring: { clock: systemClock, ttl: { least: 1000, step: 1000 } } });
}

beforeEach(() => {
  vi.stubEnv("MOORAGE_DIR", temporaryFolder());
  vi.stubEnv("MOORAGE_STORE", undefined);
  vi.stubEnv("MOORAGE_SCOPE", undefined);
});
afterEach(() => vi.unstubAllEnvs());

describe("a registry on an engine", () => {
  it("leases ports of this machine, and hosts of other names have ports of their own", async () => {
    const store = engine();
    await using here = await open({ store });
    await using also = await open({ store });
    await using there = await open({ store, scope: { host: "web-2" } });
    const lease = await here.acquire({ name: "web", ports: PORTS });
    expect(lease).toMatchObject({ ttlMs: null, addresses: ["::"] });
    expect(await also.list()).toMatchObject([{ id: lease.id, state: "held", hasTimeLimit: false }]);
    expect(await there.list()).toEqual([]);
    const refused = await also.tryAcquire({ ports: lease.port });
    expect(refused).toMatchObject({ granted: false, refusal: { code: "NO_PORT_AVAILABLE" } });
  });

  it("leases the ports of a pool, which no kernel is asked for", async () => {
    const store = engine();
    const scope = { pool: "vip-1", ports: "1-3" };
    await using one = await open({ store, scope });
    // Whoever knows the pool need not say its ports.
    await using two = await open({ store, scope: { pool: "vip-1" } });
    const leases = [await one.acquire(), await two.acquire(), await one.acquire()];
    expect(new Set(leases.map(({ port }) => port))).toEqual(new Set([1, 2, 3]));
    expect(leases.map(({ isHeldInKernel }) => isHeldInKernel)).toEqual([false, false, false]);
    expect(await two.tryAcquire()).toMatchObject({ granted: false, refusal: { refused: { leased: 3 } } });
    await using host = await open({ store, scope: { host: "web-1" } });
    expect(await host.list()).toEqual([]);
  });

  it.each([
    ["vip-1", "pool/vip-1:1-3"],
    ["vip-1", "pool/vip-1:1-4,!4"],
    ["redis:6379", "pool/redis:6379:1-3"],
  ])("leases the ports of the pool %s, made by MOORAGE_SCOPE=%s", async (pool, text) => {
    const store = engine();
    vi.stubEnv("MOORAGE_SCOPE", text);
    for (const _ of [1, 2]) {
      await using registry = await open({ store });
      await expect(registry.acquire({ ports: 4 })).rejects.toThrow("ports of this pool, which are 1-3");
    }
    await expect(open({ store, scope: { pool, ports: "1-4" } })).rejects.toThrow("has the ports 1-3");
  });

  it("in a pool has wildcards, families and protocols collide as on one machine", async () => {
    const store = engine();
    await using one = await open({ store, scope: { pool: "vip", ports: "80" } });
    await using two = await open({ store, scope: { pool: "vip" } });
    await one.acquire({ address: "10.0.0.1" });
    const granted = async (options: object): Promise<boolean> => (await two.tryAcquire(options)).granted;
    expect(await granted({ address: "10.0.0.1" })).toBe(false);
    expect(await granted({ address: "0.0.0.0" })).toBe(false);
    expect(await granted({})).toBe(false);
    expect(await granted({ address: "10.0.0.2" })).toBe(true);
    expect(await granted({ address: "fd00::1" })).toBe(true);
    expect(await granted({ protocol: "udp" })).toBe(true);
  });

  it("keeps its leases alive for longer than their session's time", async () => {
    const store = engine();
    await using one = await open({ store, sessionTtlMs: 1000 });
    await using two = await open({ store });
    const lease = await one.acquire({ ports: PORTS });
    await pause(2500);
    expect([lease.isValid(), (await two.list())[0]?.state]).toEqual([true, "held"]);
  });

  it("can be one of one machine too, where the engine has no slots that expire", async () => {
    const store = memory();
    await using one = await open({ store });
    const { port } = await one.acquire({ ports: PORTS });
    await using two = await open({ store });
    expect(await two.list()).toMatchObject([{ ports: [port], state: "held" }]);
  });
});

describe("open refuses, on an engine,", () => {
  const scope = { pool: "vip", ports: "1-3" };
  it.each<[string, () => object, new () => Error, string]>([
    [
      "a folder beside it",
      () => ({ store: engine(), directory: "/tmp/x" }),
      TypeError,
      "`store`: a registry is kept on an engine or in a folder; leave `directory` out",
    ],
    [
      "what is none",
      () => ({ store: "etcd://127.0.0.1" }),
      TypeError,
      '`store`: expected an engine, as etcd() and postgres() return one, received the string "etcd://127.0.0.1"',
    ],
    ["a scope without one", () => ({ scope }), TypeError, "`scope`: belongs to a registry on an engine"],
    [
      "a time for sessions without one",
      () => ({ sessionTtlMs: 5000 }),
      TypeError,
      "`sessionTtlMs`: belongs to a registry on an engine (`store`)",
    ],
    [
      "too short a time for sessions",
      () => ({ store: engine(), sessionTtlMs: 999 }),
      RangeError,
      "`sessionTtlMs`: expected a whole number from 1000 to 86400000, received 999",
    ],
    [
      "a scope that is text",
      () => ({ store: engine(), scope: "vip" }),
      TypeError,
      "`scope`: expected { host:",
    ],
    [
      "a scope of both kinds",
      () => ({ store: engine(), scope: { ...scope, host: "a" } }),
      TypeError,
      "`scope`: expected { host:",
    ],
    [
      "a host without a name",
      () => ({ store: engine(), scope: { host: "" } }),
      RangeError,
      "`scope.host`: expected one line of text",
    ],
    [
      "an unknown part of a scope",
      () => ({ store: engine(), scope: { host: "a", ports: "1" } }),
      TypeError,
      "scope: unknown option `ports`; known are host",
    ],
    [
      "a pool that nobody has made, without its ports",
      () => ({ store: engine(), scope: { pool: "vip" } }),
      RangeError,
      '`scope.ports`: there is no pool "vip" yet; say which ports it has, as in `scope: { pool: "vip", ports: "30000-30009" }` or MOORAGE_SCOPE=pool/vip:30000-30009',
    ],
    [
      "ports that are none",
      () => ({ store: engine(), scope: { pool: "vip", ports: 5 } }),
      TypeError,
      '`scope.ports`: expected text as in "30000-32767" or port numbers, received 5',
    ],
  ])("%s", async (_, options, kind, message) => {
    const attempt = open(options());
    await expect(attempt).rejects.toThrow(kind);
    await expect(attempt).rejects.toThrow(message);
  });

  it("other ports for a pool than it has, and requests for ports that it has not", async () => {
    const store = engine();
    await using one = await open({ store, scope });
    await expect(open({ store, scope: { pool: "vip", ports: "1-4" } })).rejects.toThrow(
      '`scope.ports`: the pool "vip" has the ports 1-3, received 1-4',
    );
    await expect(one.acquire({ ports: "3-4" })).rejects.toThrow(
      '`ports`: expected ports of this pool, which are 1-3, received the string "3-4"',
    );
    await expect(one.acquire({ prefer: 4 })).rejects.toThrow(
      "`prefer`: expected a port of this pool, which are 1-3, received 4",
    );
  });

  it.each([
    ["mysql://me:secret@db/x", "received mysql://…"],
    ["localhost:2379", "received none"],
  ])("MOORAGE_STORE=%s, without telling the password", async (url, received) => {
    vi.stubEnv("MOORAGE_STORE", url);
    const attempt = open();
    await expect(attempt).rejects.toThrow(RangeError);
    await expect(attempt).rejects.toThrow(
      "`MOORAGE_STORE`: expected a URL of an engine (etcd://…, postgres://…, postgresql://…)",
    );
    await expect(attempt).rejects.toThrow(received);
    await expect(attempt).rejects.not.toThrow("secret");
    // What the caller says goes before the environment.
    await using registry = await open({ directory: temporaryFolder() });
    expect(await registry.list()).toEqual([]);
  });

  it.each([
    "postgres://me:secret/x@db/x",
    "postgres://me:12/secret@db/x",
    "postgres://me:secret@db:port/x",
    "etcd://me:secret/x@db",
  ])("MOORAGE_STORE=%s, as a usage error that does not tell the password", async (url) => {
    vi.stubEnv("MOORAGE_STORE", url);
    await expect(open()).rejects.toThrow(/^`url`: expected (?!.*secret).*, received another text$/u);
  });

  it("a MOORAGE_SCOPE that says none", async () => {
    vi.stubEnv("MOORAGE_SCOPE", "web-1");
    await expect(open({ store: engine() })).rejects.toThrow(
      '`MOORAGE_SCOPE`: expected host/NAME, pool/NAME or pool/NAME:PORTS, received the string "web-1"',
    );
  });

  it.each([
    ["pool/vip:90-80", "90-80"],
    ["pool/vip:80", '`scope.ports`: the pool "vip" has the ports 1-3, received 80'],
  ])("MOORAGE_SCOPE=%s, where the pool has the ports 1-3", async (text, message) => {
    const store = engine();
    await using _ = await open({ store, scope });
    vi.stubEnv("MOORAGE_SCOPE", text);
    await expect(open({ store })).rejects.toThrow(message);
  });

  it("a MOORAGE_SCOPE without one", async () => {
    vi.stubEnv("MOORAGE_SCOPE", "pool/vip-1");
    for (const attempt of [open(), open({ directory: temporaryFolder() }), diagnose(), exportRecords()]) {
      await expect(attempt).rejects.toThrow(TypeError);
      await expect(attempt).rejects.toThrow(
        '`MOORAGE_SCOPE`: belongs to a registry on an engine, received the string "pool/vip-1"; name the engine in MOORAGE_STORE, or leave it out',
      );
    }
    // What the caller says goes before the environment, which names an engine and a scope of it.
    vi.stubEnv("MOORAGE_STORE", "etcd://127.0.0.1:1");
    await using registry = await open({ directory: temporaryFolder() });
    expect(await registry.list()).toEqual([]);
  });
});

describe("the name of this machine", () => {
  const facts: MachineFacts = { hostname: "web", machineId: "0".repeat(32), isFirstNamespace: true };
  const host = { fingerprint: "net:[1]", boot: "b1" };

  it("is that of its host and of its id, the same after a boot", () => {
    const name = machineName(facts, host);
    expect(name).toMatch(/^web-[0-9a-f]{10}$/u);
    expect(name).not.toContain("00000");
    expect(machineName(facts, { fingerprint: "net:[2]", boot: "b2" })).toBe(name);
  });

  it("differs by the host name, by the id and by the network namespace, where that is not the machine's first", () => {
    const inner = { ...facts, isFirstNamespace: false };
    const names = [
      machineName(facts, host),
      machineName({ ...facts, hostname: "db" }, host),
      machineName({ ...facts, machineId: "1".repeat(32) }, host),
      machineName(inner, host),
      machineName(inner, { ...host, fingerprint: "net:[2]" }),
      machineName(inner, { ...host, boot: "b2" }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  it("is refused where nothing tells the machine from others", () => {
    expect(() => machineName({ ...facts, machineId: undefined }, host)).toThrow("say its name, as in");
  });

  it.skipIf(process.platform !== "linux")("is made of what Linux tells", () => {
    expect(machineFacts()).toMatchObject({ hostname: hostname() });
  });
});

describe("the doctor", () => {
  it("says of an engine what it can see, and repairs nothing there", async () => {
    const store = engine();
    await using registry = await open({ store });
    await registry.acquire({ ports: PORTS });
    const { directory, healthy, findings } = await diagnose({ store });
    expect([directory, healthy]).toEqual([null, true]);
    const said = (check: string): string => findings.find((one) => one.check === check)?.message ?? "";
    expect(said("engine")).toBe(
      "the memory of this process: epoch 1, at most 10000 changes in a commit; sessions of 1000 ms and more, in steps of 1000 ms",
    );
    expect(said("scopes")).toMatch(/^host\//u);
    expect(said("records")).toBe("1 lease, 0 names with kept ports, 0 waiting");
    const { done, refused } = await repair({ store });
    expect(done).toEqual([]);
    expect(refused[0]).toContain("what an engine keeps is repaired by its own means");
  });
});
