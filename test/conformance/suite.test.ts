// The stores of this package keep the contract.

import { setTimeout as pause } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";

import { conformanceCases, type ConformanceSetup } from "../../src/conformance/index.ts";
import type { Store } from "../../src/contract/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { openStore } from "../stores/sqlite.ts";

const stores: readonly (readonly [string, () => () => Promise<Store>])[] = [
  [
    "the memory store",
    () => {
      const shared = memory();
      return () => shared.open();
    },
  ],
  [
    "the SQLite store",
    () => {
      const folder = temporaryFolder();
      return () => openStore(folder);
    },
  ],
];

function setupOf(open: () => Promise<Store>): ConformanceSetup {
  return {
    async open() {
      const store = await open();
      onTestFinished(() => store.close());
      return store;
    },
    wait: async (ms) => await pause(ms),
  };
}

describe.each(stores)("%s conforms:", (_, fresh) => {
  it.each(conformanceCases)("$name", async ({ run }) => {
    await expect(run(setupOf(fresh()))).resolves.toBeUndefined();
  });
});
