// Scopes: the ports of one network namespace, found again after a boot.

import { describe, expect, it } from "vitest";

import type { Host } from "../../src/contract/index.ts";
import { bindScope } from "../../src/registry/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { faulty } from "./faulty-store.ts";
import { Machine } from "./world.ts";

function hostOf(boot: string, fingerprint: string): Host {
  return { ...new Machine().hostOf(1), boot, fingerprint };
}

/** Boots and network namespaces in the order they come, and the scope that each has: the same letter, the same one. */
const stories: readonly (readonly [
  string,
  readonly (readonly [boot: string, fingerprint: string, scope: string])[],
])[] = [
  [
    "one namespace has one scope",
    [
      ["1", "a", "A"],
      ["1", "a", "A"],
    ],
  ],
  [
    "two that share a folder have two",
    [
      ["1", "a", "A"],
      ["1", "b", "B"],
      ["1", "a", "A"],
      ["1", "b", "B"],
    ],
  ],
  [
    "one is found again after a boot",
    [
      ["1", "a", "A"],
      ["2", "a", "A"],
      ["3", "a", "A"],
    ],
  ],
  [
    "one is found again after a boot that changed its looks",
    [
      ["1", "a", "A"],
      ["2", "x", "A"],
      ["3", "y", "A"],
    ],
  ],
  [
    "two are found again after a boot by their looks",
    [
      ["1", "a", "A"],
      ["1", "b", "B"],
      ["2", "b", "B"],
      ["2", "a", "A"],
    ],
  ],
  [
    "of two, one that looks like neither is a new one",
    [
      ["1", "a", "A"],
      ["1", "b", "B"],
      ["2", "x", "C"],
      ["2", "a", "A"],
    ],
  ],
  [
    "one that was found again is not another one's too",
    [
      ["1", "a", "A"],
      ["2", "x", "A"],
      ["2", "a", "B"],
      ["2", "x", "A"],
    ],
  ],
  [
    "where no boot is told, each has its own",
    [
      ["", "a", "A"],
      ["", "b", "B"],
      ["", "a", "A"],
    ],
  ],
];

describe("of network namespaces that come one after the other", () => {
  it.each(stories)("%s", async (_, story) => {
    const store = await memory().open();
    const letters = new Map<string, string>();
    for (const [boot, fingerprint, letter] of story) {
      const scope = await bindScope(store, hostOf(boot, fingerprint));
      const known = letters.get(scope) ?? letter;
      letters.set(scope, known);
      expect([boot, fingerprint, known]).toEqual([boot, fingerprint, letter]);
    }
    expect(letters.size).toBe(new Set(story.map(([, , letter]) => letter)).size);
  });
});

describe("a scope", () => {
  it("is the same for processes that open the folder at the same time", async () => {
    const state = memory();
    const stores = await Promise.all(Array.from({ length: 8 }, () => state.open()));
    const scopes = await Promise.all(stores.map((store) => bindScope(store, hostOf("1", "a"))));
    expect(new Set(scopes).size).toBe(1);
    const after = await Promise.all(stores.map((store) => bindScope(store, hostOf("2", "b"))));
    expect(new Set([...scopes, ...after]).size).toBe(1);
  });

  it("is bound once for each boot, durably", async () => {
    const faults = faulty();
    const store = faults.wrap(await memory().open());
    for (const boot of ["1", "1", "2", "2"]) await bindScope(store, hostOf(boot, "a"));
    expect(faults.calls.commit).toBe(2);
  });

  it("whose record cannot be read is STORE_DAMAGED", async () => {
    const store = await memory().open();
    await store.commit("scopes", [{ key: "scope/default", ifRevision: 0, value: "{" }]);
    await expect(bindScope(store, hostOf("1", "a"))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });
});
