import { basename } from "node:path";
import { test as base, expect } from "@playwright/test";
import { portFixtures, runPort } from "moorage/testing/playwright";
import { play } from "./play.cjs";

const file = basename(import.meta.filename);
const test = base.extend(portFixtures);
const worker = {};

test("has ports of its own", async ({ port, workerPort, lease, baseURL }) => {
  worker.port = workerPort;
  const { ports } = await lease({ count: 2 });
  const shared = { web: runPort("web"), other: runPort("other") };
  expect(baseURL).toBe(`http://127.0.0.1:${shared.web}`);
  await play({ file, own: [port, workerPort, ...ports], shared });
});

test("has the port of its worker again", ({ workerPort, port }) => {
  expect(workerPort).toBe(worker.port);
  expect(port).not.toBe(workerPort);
});
