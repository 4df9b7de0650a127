// Names that keep their ports: whatever ends, nobody else gets them until they are given up.

import { describe, expect, it } from "vitest";

import type { AcquireOptions, Lease, Registry } from "../../src/registry/index.ts";
import { SESSION_TTL_MS, outcome, several, type Several, summary } from "./world.ts";

const KEPT = { name: "db", ports: "50-51", kept: true } as const;

const endings: readonly (readonly [string, (world: Several, lease: Lease) => Promise<void>])[] = [
  ["a release", (_, lease) => lease.release()],
  ["a release by name", async ({ registries }) => void (await registries[0]!.release("db"))],
  ["a release by number", async ({ registries }, { port }) => void (await registries[0]!.release(port))],
  [
    "a release by force",
    async ({ registries }) => void (await registries[1]!.release("db", { force: true })),
  ],
  ["the closing of its registry", ({ registries }) => registries[0]!.close()],
  ["the death of its holder", async ({ machine }) => machine.kill(1)],
  [
    "a boot of the machine",
    async ({ machine }) => {
      machine.reboot();
      // An engine does not know of the boot.
      await machine.time.advance(SESSION_TTL_MS);
    },
  ],
];

describe("ports that are kept for a name, after", () => {
  it.each(endings)("%s, are nobody else's, and the name finds them again", async (_, end) => {
    const world = await several(2);
    const lease = await world.registries[0]!.acquire(KEPT);
    await end(world, lease);
    const [two, three] = [await world.enter(12), await world.enter(13)];
    expect(await two.reservations()).toEqual([
      { name: "db", ports: [lease.port], protocols: ["tcp"], addresses: ["::"] },
    ]);
    const other = await two.acquire({ ports: "50-51" });
    expect(other.port).not.toBe(lease.port);
    await expect(two.acquire({ ports: lease.port })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { kept: 1, leased: 0 },
      message: expect.stringContaining("1 kept for other names") as string,
    });
    await expect(two.acquire({ name: "web", ports: lease.port })).rejects.toMatchObject({
      refused: { kept: 1 },
    });
    expect((await three.acquire({ name: "db", ports: "50-51" })).port).toBe(lease.port);
    expect((await two.reservations()).map(({ name }) => name)).toEqual(["db"]);
  });
});

async function reserved(): Promise<Several & { one: Registry; two: Registry; port: number }> {
  const world = await several(2);
  const [one, two] = [world.registries[0]!, world.registries[1]!];
  const lease = await one.acquire(KEPT);
  await lease.release();
  return { ...world, one, two, port: lease.port };
}

describe("a name that keeps ports", () => {
  it.each<[string, (port: number) => AcquireOptions, asked: string | RegExp]>([
    ["other ports", () => ({ ports: "60-69" }), /^a port of 60-69 instead of 5[01]$/u],
    ["more ports", () => ({ ports: "50-59", count: 2 }), "2 ports instead of 1"],
    ["another protocol", () => ({ ports: "50-51", protocol: "udp" }), "udp instead of tcp"],
    ["one protocol more", () => ({ ports: "50-51", protocol: ["tcp", "udp"] }), "tcp+udp instead of tcp"],
    ["another address", () => ({ ports: "50-51", address: "127.0.0.1" }), "127.0.0.1 instead of ::"],
    ["much else", () => ({ count: 2, protocol: "udp" }), "udp instead of tcp, 2 ports instead of 1"],
    ["ports without it", (port) => ({ ports: "50-51", exclude: port }), /^port 5[01] instead of 5[01]$/u],
  ])("is NAME_KEPT when it is asked for with %s, and stays as it is", async (_, ask, asked) => {
    const { one, port } = await reserved();
    const before = await one.reservations();
    const attempt = await one.tryAcquire({ name: "db", ...ask(port) });
    if (attempt.granted) throw new Error("it was granted");
    expect(attempt.refusal).toMatchObject({ code: "NAME_KEPT", leaseName: "db", ports: [port] });
    const [, what, advice] = /^"db" keeps port \d+, and asked for is (.*); (.*)$/u.exec(
      attempt.refusal.message,
    )!;
    expect(what).toMatch(asked);
    expect(advice).toBe("ask for what it keeps, or end that with `giveUp` (`moorage release --give-up db`)");
    expect(await one.reservations()).toEqual(before);
    expect(await one.list()).toEqual([]);
  });

  it("gets no other port while a stranger has its own", async () => {
    const { machine, one, port } = await reserved();
    machine.verdicts.set(port, "stranger");
    await expect(one.acquire(KEPT)).rejects.toMatchObject({ refused: { stranger: 1 } });
    machine.verdicts.clear();
    expect((await one.acquire(KEPT)).port).toBe(port);
  });

  it("gives them up to everybody", async () => {
    const { one, two, port } = await reserved();
    expect(await two.giveUp("db")).toEqual({
      name: "db",
      ports: [port],
      protocols: ["tcp"],
      addresses: ["::"],
    });
    expect(await one.reservations()).toEqual([]);
    expect((await two.acquire({ ports: port })).port).toBe(port);
    await expect(two.giveUp("db")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", input: "db" });
  });

  it("can give them up while it is leased: the lease lives on, and its end frees them", async () => {
    const { one, two } = await reserved();
    const lease = await one.acquire(KEPT);
    await two.giveUp("db");
    expect([lease.isValid(), await summary(two)]).toEqual([true, [`db ${lease.port}`]]);
    await lease.release();
    expect((await two.acquire({ ports: lease.port })).port).toBe(lease.port);
  });

  it("leaves other addresses of its port to others", async () => {
    const { registries } = await several(2);
    await (await registries[0]!.acquire({ ...KEPT, ports: 50, address: "127.0.0.1" })).release();
    const two = registries[1]!;
    expect(await outcome(two.acquire({ ports: 50, address: "127.0.0.2" }))).toEqual([50]);
    expect(await outcome(two.acquire({ ports: 50, address: "127.0.0.1" }))).toBe("NO_PORT_AVAILABLE");
  });

  it("keeps all of several, but for one that is given back by its number", async () => {
    const { registries } = await several(2);
    const [one, two] = registries;
    const request = {
      name: "db",
      ports: "50-52",
      count: 3,
      protocol: ["tcp", "udp"],
      kept: true,
      selection: "next-fit",
    } as const;
    await one!.acquire(request);
    await two!.release(51, { force: true });
    expect(await one!.reservations()).toMatchObject([{ name: "db", ports: [50, 52] }]);
    expect(await outcome(two!.acquire({ ports: 51 }))).toEqual([51]);
    await one!.release("db");
    expect(await one!.reservations()).toMatchObject([{ name: "db", ports: [50, 52] }]);
    expect(await outcome(two!.acquire({ ports: "50-52" }))).toBe("NO_PORT_AVAILABLE");
  });
});

describe("a request to keep", () => {
  it("makes the ports kept of a lease that its holder has already", async () => {
    const { registries } = await several(1);
    const lease = await registries[0]!.acquire({ name: "db" });
    expect(await registries[0]!.reservations()).toEqual([]);
    expect(await registries[0]!.acquire({ name: "db", kept: true })).toBe(lease);
    expect(await registries[0]!.reservations()).toMatchObject([{ name: "db", ports: lease.ports }]);
  });

  it("of ports that the name had before keeps those", async () => {
    const { registries } = await several(1);
    const former = await registries[0]!.acquire({ name: "db", ports: "50-59", prefer: 57 });
    await former.release();
    expect((await registries[0]!.acquire({ name: "db", ports: "50-59", kept: true })).port).toBe(57);
    expect(await registries[0]!.reservations()).toMatchObject([{ ports: [57] }]);
  });

  it("that is refused keeps nothing", async () => {
    const { machine, registries } = await several(2);
    for (const port of [50, 51]) machine.verdicts.set(port, "stranger");
    expect(await outcome(registries[0]!.acquire(KEPT))).toBe("NO_PORT_AVAILABLE");
    expect(await registries[0]!.reservations()).toEqual([]);
    machine.verdicts.clear();
    expect(await outcome(registries[1]!.acquire({ ports: "50-51", count: 2 }))).toEqual([50, 51]);
  });

  it("does not keep the ports that the kernel refused on the way", async () => {
    const { machine, registries } = await several(2);
    machine.verdicts.set(50, "stranger");
    await registries[0]!.acquire({ ...KEPT, prefer: 50 });
    machine.verdicts.clear();
    expect(await outcome(registries[1]!.acquire({ ports: 50 }))).toEqual([50]);
    expect(await registries[0]!.reservations()).toMatchObject([{ ports: [51] }]);
  });

  it("is durable before it is told, as is giving up; other leases are not", async () => {
    const durable: (boolean | undefined)[] = [];
    const { registries } = await several(1, {
      wrap: (store) => ({
        ...store,
        epoch: store.epoch,
        limits: store.limits,
        read: (...parameters) => store.read(...parameters),
        list: (...parameters) => store.list(...parameters),
        watch: (...parameters) => store.watch(...parameters),
        raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
        close: () => store.close(),
        commit: (scope, changes, options) => {
          durable.push(options?.durable === true);
          return store.commit(scope, changes, options);
        },
        update: (scope, keys, decide, options) => {
          durable.push(options?.durable === true);
          return store.update(scope, keys, decide, options);
        },
      }),
    });
    const heard = (): string => durable.splice(0).join();
    await registries[0]!.acquire(KEPT);
    // The last commit of a grant is durable, and with it all that went before.
    expect(heard()).toBe("false,true");
    await registries[0]!.acquire({ name: "web" });
    expect(heard()).toBe("false,false");
    await registries[0]!.acquire({ name: "web", kept: true });
    expect(heard()).toBe("true");
    await registries[0]!.giveUp("db");
    expect(heard()).toBe("true");
  });
});
