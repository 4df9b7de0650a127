// The SQLite store's word: a commit is all or nothing, conditional, and known to everybody by its revision.

import { describe, expect, it, vi } from "vitest";

import type { Commit, SlotChange, Store } from "../../src/contract/index.ts";
import { loadDriver } from "../../src/stores/sqlite/driver.ts";
import { temporaryFolder } from "./folder.ts";
import { openStore } from "./sqlite.ts";

const SCOPE = "net:[1]";

async function contents(store: Store, scope = SCOPE): Promise<Record<string, [number, string]>> {
  const slots = await store.list(scope, "port/");
  return Object.fromEntries(slots.map(({ key, revision, value }) => [key, [revision, value]]));
}

function change(key: string, ifRevision: number, value: string | null): SlotChange {
  return { key: `port/${key}`, ifRevision, value };
}

async function put(store: Store, ...keys: readonly string[]): Promise<Commit> {
  return await store.commit(
    SCOPE,
    keys.map((key) => ({ key, ifRevision: 0, value: key })),
  );
}

function revisionOf(commit: Commit): number {
  if (!commit.committed) throw new Error(`not committed: ${commit.changed.join()}`);
  return commit.token.revision;
}

describe("a commit", () => {
  /** Each row is one commit on top of the rows above; what it says, and what the store holds then. */
  const history: readonly (readonly [
    string,
    readonly SlotChange[],
    number | readonly string[],
    Record<string, [number, string]>,
  ])[] = [
    ["adds a slot that is not there", [change("a", 0, "A")], 1, { "port/a": [1, "A"] }],
    ["refuses to add one that is there", [change("a", 0, "X")], ["port/a"], { "port/a": [1, "A"] }],
    ["refuses a revision that was never", [change("a", 7, "X")], ["port/a"], { "port/a": [1, "A"] }],
    ["replaces a slot of the revision read", [change("a", 1, "B")], 2, { "port/a": [2, "B"] }],
    ["refuses a revision that is over", [change("a", 1, "C")], ["port/a"], { "port/a": [2, "B"] }],
    [
      "gives all its slots one revision",
      [change("b", 0, "B1"), change("c", 0, "C1"), change("a", 2, "A3")],
      3,
      { "port/a": [3, "A3"], "port/b": [3, "B1"], "port/c": [3, "C1"] },
    ],
    [
      "changes nothing when one slot of several has changed, and names that one",
      [change("a", 3, null), change("d", 0, "D"), change("b", 2, "X")],
      ["port/b"],
      { "port/a": [3, "A3"], "port/b": [3, "B1"], "port/c": [3, "C1"] },
    ],
    [
      "names all that have changed",
      [change("c", 0, "X"), change("d", 1, null), change("a", 3, "X")],
      ["port/c", "port/d"],
      { "port/a": [3, "A3"], "port/b": [3, "B1"], "port/c": [3, "C1"] },
    ],
    [
      "removes, replaces and adds at once",
      [change("a", 3, null), change("b", 3, "B4"), change("d", 0, "D")],
      4,
      { "port/b": [4, "B4"], "port/c": [3, "C1"], "port/d": [4, "D"] },
    ],
    [
      "refuses to remove what is gone",
      [change("a", 3, null)],
      ["port/a"],
      { "port/b": [4, "B4"], "port/c": [3, "C1"], "port/d": [4, "D"] },
    ],
    [
      "adds anew what was removed",
      [change("a", 0, "again")],
      5,
      { "port/a": [5, "again"], "port/b": [4, "B4"], "port/c": [3, "C1"], "port/d": [4, "D"] },
    ],
  ];

  it("follows this history", async () => {
    const store = await openStore(temporaryFolder());
    for (const [story, changes, outcome, then] of history) {
      const commit = await store.commit(SCOPE, changes);
      const expected =
        typeof outcome === "number"
          ? { committed: true, token: { epoch: 1, revision: outcome } }
          : { committed: false, changed: outcome };
      expect([story, commit]).toEqual([story, expected]);
      expect([story, await contents(store)]).toEqual([story, then]);
    }
  });

  it("in one scope is nothing to another", async () => {
    const store = await openStore(temporaryFolder());
    await store.commit("net:[1]", [change("a", 0, "one")]);
    const commit = await store.commit("net:[2]", [change("a", 0, "two")]);
    expect(revisionOf(commit)).toBe(2);
    expect(await contents(store, "net:[1]")).toEqual({ "port/a": [1, "one"] });
    expect(await contents(store, "net:[2]")).toEqual({ "port/a": [2, "two"] });
    expect((await store.read("net:[3]", ["port/a"])).size).toBe(0);
  });

  it("is seen by another connection at once, and the other way round", async () => {
    const folder = temporaryFolder();
    const [one, two] = [await openStore(folder), await openStore(folder)];
    await one.commit(SCOPE, [change("a", 0, "one")]);
    expect(await contents(two)).toEqual({ "port/a": [1, "one"] });
    await two.commit(SCOPE, [change("a", 1, "two")]);
    expect(await one.commit(SCOPE, [change("a", 1, "late")])).toEqual({
      committed: false,
      changed: ["port/a"],
    });
    expect(await contents(one)).toEqual({ "port/a": [2, "two"] });
  });

  it("of a thousand slots is one commit", async () => {
    const store = await openStore(temporaryFolder());
    const keys = Array.from({ length: 1000 }, (_, index) => `port/tcp/${index + 1}`);
    expect(revisionOf(await put(store, ...keys))).toBe(1);
    expect((await store.read(SCOPE, keys)).size).toBe(1000);
  });
});

describe("revisions", () => {
  it("only grow, over refused commits, removals and the store's closing", async () => {
    const folder = temporaryFolder();
    const given: number[] = [];
    for (let round = 0; round < 3; round++) {
      const store = await openStore(folder);
      given.push(revisionOf(await put(store, "port/a")));
      expect((await put(store, "port/a")).committed).toBe(false);
      const remove = [{ key: "port/a", ifRevision: given.at(-1)!, value: null }];
      given.push(revisionOf(await store.commit(SCOPE, remove)));
      await store.close();
    }
    expect(given).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("are of one counter for all connections", async () => {
    const folder = temporaryFolder();
    const stores = [await openStore(folder), await openStore(folder), await openStore(folder)];
    const commits = await Promise.all(
      Array.from({ length: 30 }, (_, index) => put(stores[index % 3]!, `port/${index}`)),
    );
    expect(commits.map(revisionOf).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
  });
});

describe("the epoch", () => {
  it("is raised by one at another boot, and by no more openings of the same one", async () => {
    const folder = temporaryFolder();
    const epochs: number[] = [];
    const tokens: number[] = [];
    for (const boot of ["one", "one", "two", "two", "one"]) {
      const store = await openStore(folder, { boot });
      const commit = await put(store, `port/${epochs.length}`);
      if (commit.committed) tokens.push(commit.token.epoch);
      epochs.push(store.epoch);
      await store.close();
    }
    expect(epochs).toEqual([1, 1, 2, 2, 3]);
    expect(tokens).toEqual(epochs);
  });
});

describe("reading", () => {
  const NAMES = ["name/🚢", "name/🚢🚢", "name/Ω", "name/a'b", 'name/"', "name/%", "name/[]", "name/ß/ü"];

  it("finds keys of any text, and no others", async () => {
    const store = await openStore(temporaryFolder());
    await put(store, ...NAMES);
    const found = await store.read(SCOPE, [...NAMES, "name/⛵", "name/", ""]);
    expect([...found.keys()].toSorted()).toEqual(NAMES.toSorted());
    for (const name of NAMES) expect(found.get(name)).toEqual({ key: name, revision: 1, value: name });
    expect((await store.read(SCOPE, [])).size).toBe(0);
  });

  it("lists the keys of a prefix in their order, and not those that sort around it", async () => {
    const store = await openStore(temporaryFolder());
    const inside = ["port/", "port/tcp/10", "port/tcp/9", "port/udp/1", "port/~", "port/🚢"];
    const around = ["port", "port.", "port.z", "port0", "port0/tcp/1", "Port/a", "porta", "name/port/", "q"];
    await put(store, ...inside, ...around, ...NAMES);
    expect((await store.list(SCOPE, "port/")).map(({ key }) => key)).toEqual(inside);
    expect((await store.list(SCOPE, "port/tcp/")).map(({ key }) => key)).toEqual([
      "port/tcp/10",
      "port/tcp/9",
    ]);
    expect((await store.list(SCOPE, "name/")).length).toBe(NAMES.length + 1);
    expect(await store.list(SCOPE, "other/")).toEqual([]);
  });

  it("keeps values to the letter", async () => {
    const store = await openStore(temporaryFolder());
    const value = JSON.stringify([{ name: "🚢 \"'%\n\u0000\u2028", long: "x".repeat(100_000) }]);
    await store.commit(SCOPE, [change("a", 0, value)]);
    expect((await store.read(SCOPE, ["port/a"])).get("port/a")?.value).toBe(value);
  });
});

describe("closing", () => {
  it("is idempotent and leaves other connections alone", async () => {
    const folder = temporaryFolder();
    const driver = loadDriver();
    let closings = 0;
    const opening = vi.spyOn(driver, "open").mockImplementationOnce((path) => {
      opening.mockRestore();
      const database = driver.open(path);
      const close = (): unknown => [closings++, database.close()];
      return { exec: (sql) => database.exec(sql), prepare: (sql) => database.prepare(sql), close };
    });
    const [one, two] = [await openStore(folder), await openStore(folder)];
    await put(one, "port/a");
    await Promise.all([one.close(), one.close()]);
    await one.close();
    expect(closings).toBe(1);
    expect(await contents(two)).toEqual({ "port/a": [1, "port/a"] });
    expect((await put(two, "port/b")).committed).toBe(true);
  });
});
