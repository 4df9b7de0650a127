import { basename } from "node:path";
import { test as base, expect, inject } from "vitest";
import { portFixtures, runPort } from "moorage/testing/vitest";
import { play } from "./play.cjs";

const file = basename(import.meta.filename);
const test = base.extend(portFixtures);
const worker = {};

test("has ports of its own", async ({ port, workerPort, lease }) => {
  worker.port = workerPort;
  const { ports } = await lease({ count: 2 });
  const { web, db } = inject("ports");
  expect(runPort("web")).toBe(web);
  await play({ file, own: [port, workerPort, ...ports], shared: { web, db, other: runPort("other") } });
});

test("has the port of its worker again", ({ workerPort, port }) => {
  expect(workerPort).toBe(worker.port);
  expect(port).not.toBe(workerPort);
});
