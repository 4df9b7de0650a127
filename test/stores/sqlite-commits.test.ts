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

/** The same numbers as they are when each is above the one before. */
function growing(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

function revisionOf(commit: Commit): number {
  if (!commit.committed) throw new Error(`not committed: ${commit.changed.join()}`);
  return commit.token.revision;
}

describe("a commit", () => {
  /**
   * Each row is one commit on top of the rows above; what it says, and what the store holds then. Revisions are
   * those of the first, second… commit that was done; 7: one that was never given.
   */
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
    const given = [0];
    for (const [story, changes, outcome, then] of history) {
      const asked = changes.map((one) => ({
        ...one,
        ifRevision: given[one.ifRevision] ?? given.at(-1)! + 1,
      }));
      const commit = await store.commit(SCOPE, asked);
      if (commit.committed) given.push(commit.token.revision);
      expect([story, commit.committed ? given.length - 1 : commit.changed]).toEqual([story, outcome]);
      const held = Object.entries(await contents(store)).map(([key, [revision, value]]) => [
        key,
        [given.indexOf(revision), value],
      ]);
      expect([story, Object.fromEntries(held)]).toEqual([story, then]);
    }
    expect(given).toEqual(growing(given));
  });

  it("in one scope is nothing to another", async () => {
    const store = await openStore(temporaryFolder());
    const one = revisionOf(await store.commit("net:[1]", [change("a", 0, "one")]));
    const two = revisionOf(await store.commit("net:[2]", [change("a", 0, "two")]));
    expect(two).toBeGreaterThan(one);
    expect(await contents(store, "net:[1]")).toEqual({ "port/a": [one, "one"] });
    expect(await contents(store, "net:[2]")).toEqual({ "port/a": [two, "two"] });
    expect((await store.read("net:[3]", ["port/a"])).size).toBe(0);
  });

  it("is seen by another connection at once, and the other way round", async () => {
    const folder = temporaryFolder();
    const [one, two] = [await openStore(folder), await openStore(folder)];
    const first = revisionOf(await one.commit(SCOPE, [change("a", 0, "one")]));
    expect(await contents(two)).toEqual({ "port/a": [first, "one"] });
    const second = revisionOf(await two.commit(SCOPE, [change("a", first, "two")]));
    expect(await one.commit(SCOPE, [change("a", first, "late")])).toEqual({
      committed: false,
      changed: ["port/a"],
    });
    expect(await contents(one)).toEqual({ "port/a": [second, "two"] });
  });

  it("of a thousand slots is one commit", async () => {
    const store = await openStore(temporaryFolder());
    const keys = Array.from({ length: 1000 }, (_, index) => `port/tcp/${index + 1}`);
    const revision = revisionOf(await put(store, ...keys));
    const slots = await store.read(SCOPE, keys);
    expect(slots.size).toBe(1000);
    expect(new Set([...slots.values()].map((slot) => slot.revision))).toEqual(new Set([revision]));
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
    expect(given).toHaveLength(6);
    expect(given).toEqual(growing(given));
  });

  it("grow over all connections in the order of their commits, and none is given twice", async () => {
    const folder = temporaryFolder();
    const stores = [await openStore(folder), await openStore(folder), await openStore(folder)];
    const given: number[] = [];
    for (let index = 0; index < 30; index++) {
      given.push(revisionOf(await put(stores[index % 3]!, `port/${index}`)));
    }
    expect(given).toEqual(growing(given));
    const together = await Promise.all(
      Array.from({ length: 30 }, (_, index) => put(stores[index % 3]!, `port/together/${index}`)),
    );
    const all = [...given, ...together.map(revisionOf).toSorted((a, b) => a - b)];
    expect(all).toEqual(growing(all));
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
    const revision = revisionOf(await put(store, ...NAMES));
    const found = await store.read(SCOPE, [...NAMES, "name/⛵", "name/", ""]);
    expect([...found.keys()].toSorted()).toEqual(NAMES.toSorted());
    for (const name of NAMES) expect(found.get(name)).toEqual({ key: name, revision, value: name });
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
    const revision = revisionOf(await put(one, "port/a"));
    await Promise.all([one.close(), one.close()]);
    await one.close();
    expect(closings).toBe(1);
    expect(await contents(two)).toEqual({ "port/a": [revision, "port/a"] });
    expect((await put(two, "port/b")).committed).toBe(true);
  });
});
