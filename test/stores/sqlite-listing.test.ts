// Lists of the SQLite store that are longer than what it reads at once.

import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Slot, Store } from "../../src/contract/index.ts";
import { temporaryFolder } from "./folder.ts";
import { openDatabase, openStore } from "./sqlite.ts";

const SCOPE = "scope";

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `k/${String(at).padStart(5, "0")}`);
}

async function put(
  store: Store,
  keys: readonly string[],
  valueOf = (key: string): string => key,
): Promise<void> {
  await store.commit(
    SCOPE,
    keys.map((key) => ({ key, ifRevision: 0, value: valueOf(key) })),
  );
}

/** What a watch sees first: all that there is. */
async function firstLook(store: Store): Promise<readonly (readonly [string, string | null])[]> {
  const watch = store.watch(SCOPE);
  const { value } = await watch.next();
  await watch.return?.();
  return value.slots.map((slot: Slot) => [slot.key, slot.value] as const);
}

describe("a list", () => {
  it.each([0, 1, 1999, 2000, 2001, 3999, 4000, 6001])("of %d slots has each of them once", async (count) => {
    const store = await openStore(temporaryFolder());
    const keys = keysOf(count);
    if (count > 0) await put(store, keys);
    await put(store, ["a", "k", "l/1"]);
    const listed = await store.list(SCOPE, "k/");
    expect(listed.map(({ key, value }) => [key, value])).toEqual(keys.map((key) => [key, key]));
    expect(new Set(listed.map(({ revision }) => revision)).size).toBe(Math.min(count, 1));
    expect((await firstLook(store)).map(([key]) => key).toSorted()).toEqual(["a", "k", ...keys, "l/1"]);
  });

  it.each([0, 1999, 2000, 2500, 4500])(
    "is whole where slot %d has in its value what the others are told apart by",
    async (odd) => {
      const store = await openStore(temporaryFolder());
      const keys = keysOf(4501);
      const valueOf = (key: string): string => (key === keys[odd] ? "one\u001fother" : "plain");
      await put(store, keys, valueOf);
      const expected = keys.map((key) => [key, valueOf(key)]);
      expect((await store.list(SCOPE, "k/")).map(({ key, value }) => [key, value])).toEqual(expected);
      expect((await firstLook(store)).toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(expected);
    },
  );

  it("is whole where a key that a part ends with is damaged", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    const keys = [...keysOf(1999), "k/x", ...keysOf(500).map((key) => `k/é${key}`)];
    await put(store, keys);
    const database = openDatabase(join(folder, "registry.db"));
    database.prepare("UPDATE slot SET key = CAST(x'6b2f80' AS TEXT) WHERE key = 'k/x'").run();
    database.close();
    const listed = (await store.list(SCOPE, "k/")).map(({ key }) => key);
    expect(listed).toEqual(keys.map((key) => (key === "k/x" ? "k/\ufffd" : key)));
  });
});
