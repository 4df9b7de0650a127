// The store in etcd keeps the contract.

import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { conformanceCases, type ConformanceSetup } from "../../src/conformance/index.ts";
import { hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

function freshSetup(): ConformanceSetup {
  const prefix = `suite/${++prefixes}`;
  return {
    async open() {
      const store = await openEtcd({ endpoints: [lone.url], prefix });
      onTestFinished(() => store.close());
      return store;
    },
    wait: async (ms) => await pause(ms),
  };
}

describe.skipIf(!hasEtcd)(`the etcd store conforms${WITHOUT_ETCD}:`, () => {
  it.each(conformanceCases)("$name", async ({ run }) => {
    await expect(run(freshSetup())).resolves.toBeUndefined();
  });
});
