// Clients are killed, connections are cut or ended by the server, the server is killed and started again under load: what was
// done is what one store does, call after call, and nothing that was told is lost.

import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { Crowd } from "./histories.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema } from "./postgres-stores.ts";
import { Proxy } from "./proxy.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

/** Clients of a port of this machine. */
async function crowd(port: number, size: number): Promise<Crowd> {
  const schema = freshSchema();
  const connectionString = `postgres://moorage@127.0.0.1:${port}/postgres`;
  const all = new Crowd(["stores/postgres/index.js", "postgres", { connectionString, schema }]);
  for (let client = 0; client < size; client++) await all.start();
  return all;
}

/** Waits until the clients have had so many more answers. */
async function untilMore(all: Crowd, answers: number): Promise<void> {
  const before = all.answers();
  await expect.poll(() => all.answers() - before, { timeout: 30_000, interval: 50 }).toBeGreaterThan(answers);
}

describe.skipIf(!hasPostgres)(
  `what several processes do on PostgreSQL is linearizable${WITHOUT_POSTGRES}`,
  () => {
    it("while some of them are killed", async () => {
      const all = await crowd(server.port, 3);
      for (let kill = 0; kill < 5; kill++) {
        const victim = await all.start();
        await pause(Math.random() * 60);
        await victim.end("SIGKILL");
      }
      await untilMore(all, 40);
      expect(await all.violation()).toBe("");
    });

    it("while their connections are cut, and requests and answers lost", async () => {
      const proxy = await Proxy.start(server.port);
      onTestFinished(() => proxy.end());
      const all = await crowd(proxy.port, 3);
      for (let round = 0; round < 12; round++) {
        await untilMore(all, 10);
        if (round % 3 === 0) proxy.cut();
        else if (round % 3 === 1) proxy.loseAnswers(3);
        else proxy.loseRequests(3);
      }
      await untilMore(all, 10);
      expect(await all.violation()).toBe("");
    });

    it("while an administrator ends their connections", async () => {
      const all = await crowd(server.port, 3);
      const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'moorage'";
      for (let round = 0; round < 8; round++) {
        await untilMore(all, 10);
        await server.sql(end);
      }
      await untilMore(all, 10);
      expect(await all.violation()).toBe("");
    });

    it("while the server is killed and started again", async () => {
      const all = await crowd(server.port, 3);
      for (let kill = 0; kill < 3; kill++) {
        await untilMore(all, 40);
        await server.crash();
        await server.start();
      }
      await untilMore(all, 40);
      expect(await all.violation()).toBe("");
    });
  },
);
