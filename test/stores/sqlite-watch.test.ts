// What a watch of the SQLite store costs, and what it does when the traces of removals are gone.

import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Clock, Token } from "../../src/contract/index.ts";
import { systemClock } from "../../src/node/clock.ts";
import { temporaryFolder } from "./folder.ts";
import { openDatabase, openStore, stillClock } from "./sqlite.ts";

/** Traces of removals go once in so many milliseconds. */
const CLEARING_MS = 600_000;

const put = (key: string, ifRevision = 0): { key: string; ifRevision: number; value: string } => ({
  key,
  ifRevision,
  value: key,
});

function tombstones(folder: string): number {
  const database = openDatabase(join(folder, "registry.db"));
  const row = database.prepare("SELECT count(*) AS n FROM slot WHERE value IS NULL").get();
  database.close();
  return Number(row?.["n"]);
}

describe("removed slots", () => {
  it("leave a trace that the next boot clears, and a watch from before it begins anew", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder, { boot: "one", clock: stillClock() });
    await store.commit("scope", [put("k/1"), put("k/2")]);
    const watch = store.watch("scope");
    await watch.next();
    await store.commit("scope", [{ key: "k/1", ifRevision: 1, value: null }]);
    expect(tombstones(folder)).toBe(1);
    await openStore(folder, { boot: "one" });
    expect(tombstones(folder)).toBe(1);
    await openStore(folder, { boot: "two" });
    expect(tombstones(folder)).toBe(0);
    expect((await watch.next()).value).toEqual({
      all: true,
      slots: [{ key: "k/2", revision: 1, value: "k/2" }],
      revision: 2,
    });
  });

  it("leave traces that go from time to time", async () => {
    const folder = temporaryFolder();
    const clock = stillClock();
    const store = await openStore(folder, { clock });
    await store.commit("scope", [put("k/1")]);
    await store.commit("scope", [{ key: "k/1", ifRevision: 1, value: null }]);
    const watch = store.watch("scope");
    await watch.next();
    clock.elapsedMs = CLEARING_MS - 1;
    await store.commit("scope", [put("k/2")]);
    expect(tombstones(folder)).toBe(1);
    clock.elapsedMs = CLEARING_MS;
    const { token } = (await store.commit("scope", [put("k/3")])) as { readonly token: Token };
    expect(tombstones(folder)).toBe(0);
    expect((await watch.next()).value).toMatchObject({ all: true, revision: token.revision });
    // Not again until as much time has passed.
    await store.commit("scope", [{ key: "k/3", ifRevision: token.revision, value: null }]);
    expect(tombstones(folder)).toBe(1);
  });

  it("leave none where there was nothing to remove", async () => {
    const folder = temporaryFolder();
    const clock = stillClock();
    const store = await openStore(folder, { clock });
    await store.commit("scope", [{ key: "k/1", ifRevision: 0, value: null }]);
    // When traces are cleared away and there is nothing at all.
    clock.elapsedMs = CLEARING_MS;
    await store.commit("scope", [{ key: "k/1", ifRevision: 0, value: null }]);
    await store.commit("scope", [{ key: "k/1", ifRevision: 0, value: null }, put("k/2")]);
    expect(tombstones(folder)).toBe(0);
  });
});

describe("a watch", () => {
  it("rests for ten times as long as it looked and for 50 ms at least, and keeps its process alive", async () => {
    let lookMs = 1;
    let elapsed = 0;
    const sleeps: unknown[] = [];
    const clock: Clock = {
      ...systemClock,
      elapsed: () => (elapsed += lookMs),
      sleep: async (ms, options) => {
        sleeps.push([ms, options?.background]);
      },
    };
    const store = await openStore(temporaryFolder(), { clock });
    const watch = store.watch("scope");
    await watch.next();
    await store.commit("scope", [put("k/1")]);
    await watch.next();
    lookMs = 30;
    await store.commit("scope", [put("k/2")]);
    await watch.next();
    await store.commit("scope", [put("k/3")]);
    await watch.next();
    expect(sleeps).toEqual([
      [50, undefined],
      [50, undefined],
      [300, undefined],
    ]);
  });
});
