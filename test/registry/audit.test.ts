// What an audit says of records that were damaged by hand, and what is there after they were mended.

import { describe, expect, it } from "vitest";
import type { Store } from "../../src/contract/index.ts";
import { PortSet } from "../../src/core/index.ts";
import { type Audit, audit, readScope } from "../../src/registry/audit.ts";
import { auditScopes, mendScopes } from "../../src/registry/audit-scopes.ts";
import { holdersByHost } from "../../src/registry/index.ts";
import { mend } from "../../src/registry/mend.ts";
import type { World } from "../../src/registry/world.ts";
import { outcome, SCOPE, several, type Several, summary } from "./world.ts";

interface Scene extends Several {
  readonly store: Store;
  readonly doctor: { -readonly [Part in keyof World]: World[Part] };
  readonly audit: () => Promise<Audit>;
  /** Each message of the audit, after its severity. */
  readonly said: () => Promise<string[]>;
  /** What mending says was done, and the keys of what was lost. */
  readonly mend: () => Promise<{ readonly done: string[]; readonly lost: string[] }>;
  readonly value: (key: string) => Promise<unknown>;
  /** Writes over a slot; `undefined` removes it. */
  readonly damage: (key: string, value: string | object | undefined) => Promise<void>;
}

/** Processes 1 and 2 share a memory, and process 3 is the doctor. */
async function scene(): Promise<Scene> {
  const world = await several(2);
  const { machine, state } = world;
  const store = await state.open();
  const surroundings = {
    store,
    scope: SCOPE,
    host: machine.hostOf(3),
    clock: machine.time.clockOf(3),
    chance: { random: () => 0, uniqueId: () => "doctor" },
    newAbortable: () => new AbortController(),
    defaultPool: { ports: PortSet.parse("100-109"), reserved: 0 },
    quarantineMs: 0,
    testRun: () => undefined,
  };
  const doctor: Scene["doctor"] = { ...surroundings, holders: holdersByHost(surroundings) };
  const slot = async (key: string) => (await store.read(SCOPE, [key])).get(key);
  const auditNow = async (): Promise<Audit> => await audit(doctor, await readScope(doctor));
  return {
    ...world,
    store,
    doctor,
    audit: auditNow,
    said: async () => (await auditNow()).issues.map(({ severity, message }) => `${severity}: ${message}`),
    mend: async () => {
      const lost: string[] = [];
      const done = await mend(doctor, (_, slots) => lost.push(...slots.map(({ key }) => key)));
      return { done, lost };
    },
    value: async (key) => {
      const found = await slot(key);
      return found && (JSON.parse(found.value) as unknown);
    },
    damage: async (key, value) => {
      const text = value === undefined ? null : typeof value === "string" ? value : JSON.stringify(value);
      const change = { key, ifRevision: (await slot(key))?.revision ?? 0, value: text };
      expect(await store.commit(SCOPE, [change])).toMatchObject({ committed: true });
    },
  };
}

describe("nothing is wrong", () => {
  it("with an empty scope", async () => {
    const { audit: look } = await scene();
    expect(await look()).toEqual({
      issues: [],
      leases: 0,
      abandoned: 0,
      keptNames: 0,
      waiting: 0,
      deadWaiting: 0,
    });
  });

  it("with leases of every kind, abandoned ones, kept names, and who waits for them, dead or alive", async () => {
    const { registries, machine, audit: look } = await scene();
    const [one, two] = registries;
    await one!.acquire({ name: "web", protocol: ["tcp", "udp"], count: 2 });
    await one!.acquire({ name: "db", kept: true });
    await one!.acquire({ ttlMs: 1000, ports: "200" });
    await one!.acquire({ ports: "300", address: "127.0.0.1" });
    await two!.acquire({ ports: "300", address: "127.0.0.2" });
    await two!.acquire({ name: "gone", ports: "400-401", count: 2 });
    void two!.acquire({ name: "db", wait: true }).catch(() => undefined);
    await machine.time.advance(20_000);
    machine.kill(2);
    expect(await look()).toEqual({
      issues: [],
      leases: 6,
      abandoned: 2,
      keptNames: 1,
      waiting: 1,
      deadWaiting: 1,
    });
  });

  it("with a name whose dead lease lost its ports one by one", async () => {
    const { registries, machine, said } = await scene();
    await registries[1]!.acquire({ name: "pair", ports: "100-101", count: 2, contiguous: true });
    machine.kill(2);
    await registries[0]!.acquire({ ports: "100" });
    expect(await said()).toEqual([]);
    await registries[0]!.acquire({ ports: "101" });
    expect(await said()).toEqual([]);
  });

  it("with a port of a kept name that was given back by itself", async () => {
    const { registries, said } = await scene();
    await registries[0]!.acquire({ name: "pair", ports: "100-101", count: 2, contiguous: true, kept: true });
    await registries[0]!.release(100);
    expect(await said()).toEqual([]);
  });
});

describe("a record that cannot be read is removed, and what is known put in its place:", () => {
  it.each([
    ["no JSON", "{", "it is not JSON"],
    ["no record", '"text"', "it has another form"],
    ["a claim of nobody", { claims: [["id", null, 0, null, 0, null, 1]] }, "it has another form"],
    [
      "an address that is none",
      { claims: [["id", null, ["x"], [1, 1, "", "", ""], 0, null, 1, 0]] },
      "it has another form",
    ],
  ])("a port with %s", async (_, value, why) => {
    const { registries, damage, said, mend: repair, value: read } = await scene();
    await damage("port/tcp/100", value);
    expect(await said()).toEqual([`problem: port/tcp/100 cannot be read: ${why}`]);
    expect(await repair()).toEqual({ done: ["removed port/tcp/100"], lost: ["port/tcp/100"] });
    expect(await read("port/tcp/100")).toBeUndefined();
    expect(await outcome(registries[0]!.acquire({ ports: "100" }))).toEqual([100]);
  });

  it("a port that does not exist", async () => {
    const { damage, mend: repair, said } = await scene();
    await damage("port/tcp/70000", {});
    await damage("port/sctp/80", {});
    expect(await said()).toHaveLength(2);
    expect((await repair()).lost).toEqual(["port/sctp/80", "port/tcp/70000"]);
    expect(await said()).toEqual([]);
  });

  it("a port keeps the claims in it that can be read", async () => {
    const { registries, damage, mend: repair, value, said } = await scene();
    await registries[0]!.acquire({ ports: "100" });
    const { claims } = (await value("port/tcp/100")) as { claims: unknown[] };
    await damage("port/tcp/100", { claims: [...claims, "garbage"], kept: 7, left: [] });
    expect(await repair()).toEqual({
      done: ["made port/tcp/100 anew of what is known"],
      lost: ["port/tcp/100"],
    });
    expect(await said()).toEqual([]);
    expect(await summary(registries[1]!)).toEqual(["- 100"]);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toBe("NO_PORT_AVAILABLE");
  });

  it("a port of a named lease gets its claim back from its other ports", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    await registries[0]!.acquire({
      name: "pair",
      ports: "100-101",
      count: 2,
      contiguous: true,
      protocol: ["tcp", "udp"],
      kept: true,
    });
    await damage("port/tcp/100", "{");
    await repair();
    expect(await said()).toEqual([]);
    expect(await summary(registries[1]!)).toEqual(["pair 100,101"]);
    expect(await registries[1]!.reservations()).toMatchObject([{ name: "pair", ports: [100, 101] }]);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toBe("NO_PORT_AVAILABLE");
  });

  it("a name is made anew of its ports", async () => {
    const { registries, damage, mend: repair, said, value } = await scene();
    const lease = await registries[0]!.acquire({
      name: "pair",
      ports: "100-101",
      count: 2,
      contiguous: true,
      kept: true,
    });
    const before = await value("name/pair");
    await damage("name/pair", "garbage");
    expect(await said()).toEqual(["problem: name/pair cannot be read: it is not JSON"]);
    expect(await repair()).toEqual({ done: ["made name/pair anew of what is known"], lost: ["name/pair"] });
    expect(await value("name/pair")).toEqual(before);
    expect(await outcome(registries[1]!.acquire({ name: "pair", count: 2 }))).toBe("NAME_HELD");
    await lease.release();
    expect(await said()).toEqual([]);
  });

  it("a name that nothing else speaks of is gone", async () => {
    const { damage, mend: repair, said, value } = await scene();
    await damage("name/ghost", {});
    expect((await repair()).done).toEqual(["removed name/ghost"]);
    expect([await said(), await value("name/ghost")]).toEqual([[], undefined]);
  });

  it("the time limit of a lease: its ports stay leased until its holder has noticed", async () => {
    const { registries, damage, mend: repair, said, machine } = await scene();
    const lease = await registries[0]!.acquire({ ports: "100", ttlMs: 60_000 });
    await damage(`session/${lease.id}`, "{}");
    expect(await said()).toHaveLength(1);
    await repair();
    expect(await said()).toEqual([]);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toBe("NO_PORT_AVAILABLE");
    await machine.time.advance(20_001);
    expect(lease.isValid()).toBe(false);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toBe("NO_PORT_AVAILABLE");
    await machine.time.advance(8 * 3_600_000);
    expect(await summary(registries[1]!)).toEqual(["- 100 abandoned"]);
  });

  it("the time limit of a dead holder's lease goes", async () => {
    const { registries, damage, mend: repair, machine } = await scene();
    const { id } = await registries[1]!.acquire({ ports: "100", ttlMs: 60_000 });
    await damage(`session/${id}`, "{");
    machine.kill(2);
    expect((await repair()).done).toEqual([`removed session/${id}`]);
    expect(await outcome(registries[0]!.acquire({ ports: "100" }))).toEqual([100]);
  });

  it("the queue is empty", async () => {
    const { damage, mend: repair, said } = await scene();
    await damage("queue", [{ id: 1 }]);
    expect(await said()).toEqual(["problem: queue cannot be read: it has another form"]);
    expect((await repair()).done).toEqual(["removed queue"]);
    expect(await said()).toEqual([]);
  });
});

describe("names and ports that contradict one another", () => {
  it("a living lease that is missing on one of its ports is written there again", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    await registries[0]!.acquire({ name: "pair", ports: "100-101", count: 2, contiguous: true });
    await damage("port/tcp/101", undefined);
    expect(await said()).toEqual(['problem: the lease of "pair" is missing on port/tcp/101']);
    expect((await repair()).done).toEqual(['wrote the lease of "pair" on ports 100, 101 again']);
    expect(await said()).toEqual([]);
    expect(await outcome(registries[1]!.acquire({ ports: "101" }))).toBe("NO_PORT_AVAILABLE");
  });

  it("a lease does not get a port back that somebody else was granted meanwhile", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    await registries[0]!.acquire({ name: "pair", ports: "100-101", count: 2, contiguous: true, for: 2 });
    await damage("port/tcp/101", undefined);
    await registries[0]!.acquire({ ports: "101" });
    const { lost } = await repair();
    expect(lost).toEqual(["name/pair"]);
    expect(await said()).toEqual([]);
    expect(await summary(registries[1]!)).toEqual(["pair 100", "- 101"]);
  });

  it("a kept name whose ports do not say so keeps them again", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    const lease = await registries[0]!.acquire({ name: "db", ports: "100", kept: true });
    await lease.release();
    await damage("port/tcp/100", undefined);
    expect(await said()).toEqual(['problem: "db" keeps port 100, but port/tcp/100 does not say so']);
    expect(await repair()).toEqual({ done: ['kept port 100 for "db" again'], lost: [] });
    expect(await said()).toEqual([]);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toBe("NO_PORT_AVAILABLE");
    expect(await outcome(registries[1]!.acquire({ name: "db" }))).toEqual([100]);
  });

  it("a port that is kept for a name without a record stays kept, and the name has a record", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    const lease = await registries[0]!.acquire({
      name: "db",
      ports: "100",
      protocol: ["tcp", "udp"],
      kept: true,
    });
    await lease.release();
    await damage("name/db", undefined);
    expect(await said()).toEqual(['problem: port/tcp/100 is kept for "db", which does not say so']);
    expect((await repair()).done).toEqual(['made the record of "db" anew, with port 100']);
    expect(await said()).toEqual([]);
    expect(await registries[1]!.reservations()).toEqual([
      { name: "db", ports: [100], protocols: ["tcp", "udp"], addresses: ["::"] },
    ]);
    await registries[1]!.giveUp("db");
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toEqual([100]);
  });

  it("in doubt, which is when the port was written last, a name keeps a port", async () => {
    const { registries, damage, mend: repair, said, value } = await scene();
    const lease = await registries[0]!.acquire({ name: "db", ports: "100", kept: true });
    await lease.release();
    const [name, port] = [await value("name/db"), await value("port/tcp/100")];
    await damage("name/db", { ...(name as object), kept: false, ports: [107] });
    await damage("port/tcp/100", port as object);
    expect(await said()).toHaveLength(1);
    expect((await repair()).done).toEqual(['kept port 100 for "db" again']);
    expect(await said()).toEqual([]);
    expect(await registries[1]!.reservations()).toMatchObject([{ name: "db", ports: [100] }]);
  });

  it("a port that was kept before its name last said that it keeps nothing is free", async () => {
    const { registries, damage, mend: repair, said, value } = await scene();
    const lease = await registries[0]!.acquire({ name: "db", ports: "100", kept: true });
    await lease.release();
    await damage("name/db", { ...((await value("name/db")) as object), kept: false });
    expect((await repair()).done).toEqual(['freed port/tcp/100, which was kept for "db" by mistake']);
    expect(await said()).toEqual([]);
    expect(await outcome(registries[1]!.acquire({ ports: "100" }))).toEqual([100]);
  });

  it("two names that keep one port are for somebody to decide on", async () => {
    const { registries, damage, audit: look, mend: repair, value } = await scene();
    await (await registries[0]!.acquire({ name: "db", ports: "100", kept: true })).release();
    await damage("name/other", (await value("name/db")) as object);
    const { issues } = await look();
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ severity: "problem", key: "name/other" });
    expect(issues[0]!.advice).toContain('both "other" and "db" keep it');
    expect(await repair()).toEqual({ done: [], lost: [] });
  });

  it("a living lease under a name without a record has one again", async () => {
    const { registries, damage, mend: repair, said } = await scene();
    await registries[0]!.acquire({ name: "web", ports: "100" });
    await damage("name/web", undefined);
    expect(await said()).toEqual(['problem: port/tcp/100 is leased as "web", which is not recorded']);
    await repair();
    expect(await said()).toEqual([]);
    expect(await outcome(registries[1]!.acquire({ name: "web" }))).toBe("NAME_HELD");
  });
});

it("a guard that a living holder does not have is a warning that nothing can mend", async () => {
  const { registries, machine, doctor, said, mend: repair } = await scene();
  const { holder } = await registries[0]!.acquire({ ports: "100" });
  await registries[0]!.acquire({ ports: "101", for: 2 });
  const guards = machine.guardsOf(3);
  doctor.host = { ...doctor.host, guards: { ...guards, isHeld: async () => false } };
  // It could be on its way.
  expect(await said()).toEqual([]);
  await machine.time.advance(10_000);
  expect(await said()).toEqual([
    `warning: tcp port 100 is leased to process 1 (${holder.command}), which does not guard it: in another state folder it can be leased again`,
  ]);
  expect(await repair()).toEqual({ done: [], lost: [] });
  machine.kill(1);
  expect(await said()).toEqual([]);
});

describe("mending beside others", () => {
  it("leaves alone what changed since it was looked at", async () => {
    const { registries, damage, store, mend: repair, value } = await scene();
    await damage("port/tcp/100", "{");
    const commit = store.commit.bind(store);
    let isFirst = true;
    store.commit = async (...parameters) => {
      if (isFirst) {
        isFirst = false;
        await damage("port/tcp/100", undefined);
        await registries[0]!.acquire({ ports: "100" });
      }
      return await commit(...parameters);
    };
    expect((await repair()).done).toEqual([]);
    expect(await value("port/tcp/100")).toMatchObject({ claims: [expect.anything()] });
  });
});

describe("scopes", () => {
  const FROM_BEFORE = '{"fingerprint":"?","boot":"?"}';

  it("a record of a scope that cannot be read or is missing is made anew, as one from before", async () => {
    const { store } = await scene();
    const record = JSON.stringify({ fingerprint: "net:[1]", boot: "boot-1" });
    await store.commit("scopes", [
      { key: "scope/default", ifRevision: 0, value: "{" },
      { key: "scope/other", ifRevision: 0, value: record },
    ]);
    const issues = await auditScopes(store, ["default", "other", "lost", "scopes"]);
    expect(issues.map(({ message }) => message)).toEqual([
      "scope/default cannot be read: it is not JSON",
      "nothing says whose ports those of scope lost are",
    ]);
    const lost: string[] = [];
    const used = ["default", "other", "lost"];
    await mendScopes(store, used, (scope, slots) => lost.push(scope, ...slots.map(({ value }) => value)));
    expect(lost).toEqual(["scopes", "{"]);
    expect((await store.list("scopes", "scope/")).map(({ value }) => value)).toEqual([
      FROM_BEFORE,
      FROM_BEFORE,
      record,
    ]);
    expect(await auditScopes(store, used)).toEqual([]);
  });
});
