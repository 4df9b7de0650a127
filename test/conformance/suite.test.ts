// The stores of this package keep the contract.

import { setTimeout as pause } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";

import { conformanceCases, type ConformanceSetup } from "../../src/conformance/index.ts";
import type { Store } from "../../src/contract/index.ts";
import { systemClock } from "../../src/node/clock.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { openStore } from "../stores/sqlite.ts";

const EXPIRING = { clock: systemClock, ttl: { least: 300, step: 100 } };

interface Tested {
  readonly name: string;
  /** Clients of data that are new. */
  readonly fresh: () => () => Promise<Store>;
  readonly has?: "expiring";
}

const stores: readonly Tested[] = [
  {
    name: "the memory store as an engine",
    fresh: () => {
      const shared = memory({ expiring: EXPIRING });
      return () => shared.open();
    },
    has: "expiring",
  },
  {
    name: "the memory store",
    fresh: () => {
      const shared = memory();
      return () => shared.open();
    },
  },
  {
    name: "the SQLite store",
    fresh: () => {
      const folder = temporaryFolder();
      return () => openStore(folder);
    },
  },
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

describe.each(stores)("$name conforms:", ({ fresh, has }) => {
  const cases = conformanceCases.filter(({ needs }) => needs === undefined || needs === has);
  it.each(cases)("$name", async ({ run }) => {
    await expect(run(setupOf(fresh()))).resolves.toBeUndefined();
  });
});
