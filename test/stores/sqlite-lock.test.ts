// Waiting for the write lock: a short wait is waited out, a long one ends as STORE_BUSY, an abort ends it.

import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Clock } from "../../src/contract/index.ts";
import { systemClock } from "../../src/node/clock.ts";
import { type Child, startChild } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { leapingClock, openStore } from "./sqlite.ts";

const CHANGE = [{ key: "port/a", ifRevision: 0, value: "A" }];

/** Another process that has the write lock of the folder's database. */
async function lockKeeper(folder: string): Promise<Child> {
  const keeper = startChild("stores/lock-keeper.mjs", join(folder, "registry.db"));
  expect(await keeper.next()).toBe("locked");
  return keeper;
}

describe("a commit while another process keeps the lock", () => {
  it("fails as STORE_BUSY when the patience is over, and changes nothing", async () => {
    const folder = temporaryFolder();
    const clock = leapingClock(2000);
    const store = await openStore(folder, { clock });
    const keeper = await lockKeeper(folder);
    await expect(store.commit("scope", CHANGE)).rejects.toMatchObject({
      code: "STORE_BUSY",
      waitedMs: 12_000,
      message: "other processes kept the store locked for 12000 ms",
    });
    expect(clock.sleeps).toBe(6);
    keeper.send("let go");
    await keeper.next();
    expect(await store.list("scope", "port/")).toEqual([]);
    expect(await store.commit("scope", CHANGE)).toMatchObject({ committed: true });
  });

  it("waits a short one out, in short pauses, and longer ones when it takes long", async () => {
    const folder = temporaryFolder();
    const pauses: number[] = [];
    const keepers: Child[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: async (ms) => {
        pauses.push(ms);
        if (pauses.length < 52) return;
        for (const keeper of keepers) {
          keeper.send("let go");
          await keeper.next();
        }
      },
    };
    const store = await openStore(folder, { clock, chance: { random: () => 0.5, uniqueId: () => "id" } });
    keepers.push(await lockKeeper(folder));
    expect(await store.commit("scope", CHANGE)).toMatchObject({ committed: true });
    expect(pauses).toEqual([...Array.from({ length: 50 }, () => 1.5), 4, 4]);
  });

  it("is given up at an abort with the signal's reason, and changes nothing", async () => {
    const folder = temporaryFolder();
    const abort = new AbortController();
    const reason = new Error("enough");
    // A pause that does not end.
    const clock: Clock = {
      ...systemClock,
      sleep: async () => {
        queueMicrotask(() => abort.abort(reason));
        await new Promise(() => {});
      },
    };
    const store = await openStore(folder, { clock });
    await lockKeeper(folder);
    const commit = store.commit("scope", CHANGE, { signal: abort.signal });
    await expect(commit).rejects.toBe(reason);
    expect(await store.list("scope", "port/")).toEqual([]);
  });

  it("does not hinder reading", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    await store.commit("scope", CHANGE);
    await lockKeeper(folder);
    expect(await store.list("scope", "port/")).toHaveLength(1);
    expect((await store.read("scope", ["port/a"])).get("port/a")?.value).toBe("A");
  });

  it("gets the lock when that process is killed", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    const keeper = await lockKeeper(folder);
    await keeper.end("SIGKILL");
    expect(await store.commit("scope", CHANGE)).toMatchObject({ committed: true });
  });
});

describe("opening while another process keeps the lock", () => {
  it("fails as STORE_BUSY when the patience is over", async () => {
    const folder = temporaryFolder();
    await openStore(folder);
    await lockKeeper(folder);
    await expect(openStore(folder, { clock: leapingClock(6000) })).rejects.toMatchObject({
      code: "STORE_BUSY",
      waitedMs: 12_000,
    });
  });
});

describe("a signal that is aborted already", () => {
  it("is obeyed by every call before it does anything", async () => {
    const store = await openStore(temporaryFolder());
    const reason = { why: "no reason" };
    const signal = AbortSignal.abort(reason);
    await expect(store.commit("scope", CHANGE, { signal })).rejects.toBe(reason);
    await expect(store.read("scope", ["port/a"], { signal })).rejects.toBe(reason);
    await expect(store.list("scope", "port/", { signal })).rejects.toBe(reason);
    expect(await store.list("scope", "port/")).toEqual([]);
  });
});
