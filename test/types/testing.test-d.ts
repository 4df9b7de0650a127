// What tests get from the fixtures, in the types of the runners themselves.

import { test as playwright } from "@playwright/test";
import { expectTypeOf, inject, test as vitest } from "vitest";

import type { Lease, Registry } from "../../src/node/index.ts";
import { leaseRunPorts } from "../../src/testing/index.ts";
import {
  type LeasePorts,
  portFixtures,
  type PortTestFixtures,
  type PortWorkerFixtures,
} from "../../src/testing/playwright.ts";
import { type PortFixtures, providePorts } from "../../src/testing/vitest.ts";

vitest("fixtures of Vitest", () => {
  const test = vitest.extend<PortFixtures>(portFixtures);
  test("have their types", ({ port, workerPort, lease, moorage }) => {
    expectTypeOf(port).toBeNumber();
    expectTypeOf(workerPort).toBeNumber();
    expectTypeOf(lease).toEqualTypeOf<LeasePorts>();
    expectTypeOf(moorage).toEqualTypeOf<Registry>();
  });
  test.extend<{ server: string }>({
    server: async ({ port }, use) => {
      expectTypeOf(port).toBeNumber();
      await use(String(port));
    },
  });
  expectTypeOf(inject("ports")).toEqualTypeOf<Readonly<Record<string, number>>>();
  expectTypeOf(providePorts(["web"]))
    .parameter(0)
    .toHaveProperty("provide");
});

vitest("fixtures of Playwright Test", () => {
  const test = playwright.extend<PortTestFixtures, PortWorkerFixtures>(portFixtures);
  test("have their types", async ({ port, workerPort, lease }) => {
    expectTypeOf(port).toBeNumber();
    expectTypeOf(workerPort).toBeNumber();
    expectTypeOf(await lease({ count: 2 })).toEqualTypeOf<Lease>();
  });
});

vitest("ports of a run have the names that were asked for", async () => {
  const { ports } = await leaseRunPorts(["web", "db"]);
  expectTypeOf(ports).toEqualTypeOf<Readonly<Record<"web" | "db", number>>>();
});
