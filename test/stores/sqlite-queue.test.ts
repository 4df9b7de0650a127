// Calls that are outstanding together share a transaction, and nothing else: not their refusals, not their errors.

import { setImmediate as turn } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "./folder.ts";
import { openSpied } from "./spied.ts";
import { openStore, stillClock } from "./sqlite.ts";

const put = (key: string, ifRevision = 0): { key: string; ifRevision: number; value: string } => ({
  key,
  ifRevision,
  value: key,
});

describe("calls that are outstanding together", () => {
  it("are one transaction, reads and commits, refused ones too, in the order they were called", async () => {
    const { store, executed } = await openSpied(temporaryFolder(), { clock: stillClock() });
    const [before, one, two, again, after] = await Promise.all([
      store.read("scope", ["k/1"]),
      store.commit("scope", [put("k/1")]),
      store.commit("scope", [put("k/2")]),
      store.commit("scope", [put("k/1")]),
      store.list("scope", "k/"),
    ]);
    expect(before.size).toBe(0);
    expect(one).toMatchObject({ committed: true, token: { revision: 1 } });
    expect(two).toMatchObject({ committed: true, token: { revision: 2 } });
    expect(again).toEqual({ committed: false, changed: ["k/1"] });
    expect(after.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(executed).toEqual(["PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE", "COMMIT"]);
  });

  it("are gathered until all promises of a turn have settled", async () => {
    const { store, executed } = await openSpied(temporaryFolder());
    const later = async (key: string, hops: number): Promise<void> => {
      for (let hop = 0; hop < hops; hop++) await Promise.resolve();
      await store.commit("scope", [put(key)]);
    };
    await Promise.all([later("k/0", 0), later("k/3", 3), later("k/20", 20)]);
    expect(executed.filter((sql) => sql === "BEGIN IMMEDIATE")).toHaveLength(1);
  });

  it("of which there is one, that reads one slot, take no transaction", async () => {
    const { store, executed } = await openSpied(temporaryFolder());
    await store.read("scope", ["k/1"]);
    expect(executed).toEqual([]);
  });

  it("that only read take no write lock", async () => {
    const { store, executed } = await openSpied(temporaryFolder());
    await Promise.all([store.read("scope", ["k/1"]), store.list("scope", "k/")]);
    expect(executed).toEqual(["BEGIN; SELECT 1 FROM sqlite_master LIMIT 1", "COMMIT"]);
  });

  it("are done one by one when one fails with an error, and only that one fails", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    // It passes every check of text, and no database takes it.
    const value = { includes: () => false } as unknown as string;
    // Two changes in a commit, so that one of them is done before the error.
    const impossible = [put("k/5"), { ...put("k/6"), value }];
    const outcomes = await Promise.allSettled([
      store.commit("scope", [put("k/1")]),
      store.commit("scope", impossible),
      store.commit("scope", [put("k/3")]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await store.list("scope", "k/")).map(({ key }) => key)).toEqual(["k/1", "k/3"]);
  });

  it("all fail when their transaction cannot be ended, and none of them was done", async () => {
    let failing = false;
    const { store } = await openSpied(temporaryFolder(), {}, (sql) => {
      if (failing && sql === "COMMIT") throw Object.assign(new Error("disk"), { rawCode: 13, errcode: 13 });
    });
    failing = true;
    const calls = [
      store.commit("scope", [put("k/1")]),
      store.commit("scope", [put("k/2")]),
      store.list("scope", "k/"),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
    }
    failing = false;
    expect(await store.list("scope", "k/")).toEqual([]);
    expect(await store.commit("scope", [put("k/1")])).toMatchObject({ committed: true });
  });

  it("leave the queue at an abort, the others stay", async () => {
    const { store } = await openSpied(temporaryFolder());
    const abort = new AbortController();
    const aborted = store.commit("scope", [put("k/1")], { signal: abort.signal });
    const other = store.commit("scope", [put("k/2")]);
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(await other).toMatchObject({ committed: true });
    expect((await store.list("scope", "k/")).map(({ key }) => key)).toEqual(["k/2"]);
  });

  it("are done before the store is closed", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    const commits = [store.commit("scope", [put("k/1")]), store.commit("scope", [put("k/2")])];
    await store.close();
    for (const commit of await Promise.all(commits)) expect(commit).toMatchObject({ committed: true });
    expect(await (await openStore(folder)).list("scope", "k/")).toHaveLength(2);
  });

  it("let timers and sockets have their turn, however many there are", async () => {
    const store = await openStore(temporaryFolder());
    const state = { working: true, reads: 0 };
    const work = async (): Promise<void> => {
      for (; state.working && state.reads < 1000; state.reads++) await store.read("scope", ["k/1"]);
    };
    const working = work();
    await turn();
    await turn();
    state.working = false;
    await working;
    expect(state.reads).toBeLessThan(1000);
  });
});

describe("a durable commit", () => {
  it("is synced, with all that share its transaction, and those after it are not", async () => {
    const { store, executed } = await openSpied(temporaryFolder());
    await store.commit("scope", [put("k/1")]);
    await Promise.all([
      store.commit("scope", [put("k/2")]),
      store.commit("scope", [put("k/3")], { durable: true }),
    ]);
    await store.list("scope", "k/");
    await store.commit("scope", [put("k/4")], { durable: false });
    expect(executed.filter((sql) => sql !== "COMMIT")).toEqual([
      "PRAGMA synchronous = NORMAL",
      "BEGIN IMMEDIATE",
      "PRAGMA synchronous = FULL",
      "BEGIN IMMEDIATE",
      "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1",
      "PRAGMA synchronous = NORMAL",
      "BEGIN IMMEDIATE",
    ]);
  });
});
