// Clients are killed, connections are cut, the server is killed and started again under load: what was done is what one store
// does, call after call, and nothing that was told is lost.

import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { hasEtcd, type LoneServer, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { Crowd } from "./histories.ts";
import { Proxy } from "./proxy.ts";

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

/** Clients of a port of this machine. */
async function crowd(port: number, size: number): Promise<Crowd> {
  const prefix = `faults-${++prefixes}`;
  const endpoints = [`http://127.0.0.1:${port}`];
  const all = new Crowd(["stores/etcd/index.js", "etcd", { endpoints, prefix }]);
  for (let client = 0; client < size; client++) await all.start();
  return all;
}

/** Waits until the clients have had so many more answers. */
async function untilMore(all: Crowd, answers: number): Promise<void> {
  const before = all.answers();
  await expect.poll(() => all.answers() - before, { timeout: 30_000, interval: 50 }).toBeGreaterThan(answers);
}

describe.skipIf(!hasEtcd)(`what several processes do on etcd is linearizable${WITHOUT_ETCD}`, () => {
  it("while some of them are killed", async () => {
    const all = await crowd(lone.port, 3);
    for (let kill = 0; kill < 5; kill++) {
      const victim = await all.start();
      await pause(Math.random() * 60);
      await victim.end("SIGKILL");
    }
    expect(await all.violation()).toBe("");
  });

  it("while their connections are cut, and answers lost", async () => {
    const proxy = await Proxy.start(lone.port);
    onTestFinished(() => proxy.end());
    const all = await crowd(proxy.port, 3);
    for (let round = 0; round < 12; round++) {
      await untilMore(all, 10);
      if (round % 2 === 0) proxy.cut();
      else proxy.loseAnswers(3);
    }
    await untilMore(all, 10);
    expect(await all.violation()).toBe("");
  });

  it("while the server is killed and started again", async () => {
    const all = await crowd(lone.port, 3);
    for (let kill = 0; kill < 3; kill++) {
      await untilMore(all, 40);
      await lone.server.kill();
      await lone.server.start();
    }
    await untilMore(all, 40);
    expect(await all.violation()).toBe("");
  });
});
