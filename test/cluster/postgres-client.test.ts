// A store over connections of the caller's own: used, and given back as they came.

import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import type { PostgresClient, PostgresQuery } from "../../src/stores/postgres/driver.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

async function ownClient(): Promise<Client> {
  // Parsers that a program has set for itself.
  const client = new Client({
    connectionString: server.url,
    types: { getTypeParser: () => () => "not what was sent" },
  });
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

function ownPool(max: number): Pool {
  const pool = new Pool({ connectionString: server.url, max });
  pool.on("error", () => {});
  onTestFinished(() => pool.end());
  return pool;
}

/** Everything that takes a connection, and a watch that goes on. */
async function useAll(store: Store): Promise<void> {
  const watch = store.watch("s");
  expect(await watch.next()).toMatchObject({ value: { all: true } });
  const commit = await store.commit("s", [{ key: "k", ifRevision: 0, value: "v" }]);
  const revision = commit.committed ? commit.token.revision : 0;
  expect(await watch.next()).toMatchObject({ value: { revision } });
  expect((await store.read("s", ["k"])).get("k")).toEqual({ key: "k", revision, value: "v" });
  await store.update("s", ["k"], () => [{ key: "k", ifRevision: revision, value: "v2" }]);
  expect(await store.list("s", "k")).toMatchObject([{ value: "v2" }]);
}

describe.skipIf(!hasPostgres)(`a client of one's own${WITHOUT_POSTGRES}`, () => {
  it("does everything, and is as it was when the store is closed", async () => {
    const client = await ownClient();
    const before = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    const store = await openPostgres({ client, schema: freshSchema() });
    await useAll(store);
    await store.close();
    const { rowCount } = await client.query("SELECT pg_listening_channels()");
    expect(rowCount).toBe(0);
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(before);
  });

  it("that answers with promises alone does everything, and refuses with an error", async () => {
    const client = await ownClient();
    const wrapped = {
      query: async (query: PostgresQuery) => await client.query(query),
      on: client.on.bind(client),
      removeListener: client.removeListener.bind(client),
    } as PostgresClient;
    const store = await openPostgres({ client: wrapped, schema: freshSchema() });
    await useAll(store);
    await client.query("SET default_transaction_read_only = on");
    const commit = store.commit("s", [{ key: "k", ifRevision: 0, value: "v" }]);
    await expect(commit).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("that loses its connection is an error that says so", async () => {
    const client = await ownClient();
    const store = await openPostgres({ client, schema: freshSchema(), timeoutMs: 300 });
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL",
    );
    await expect
      .poll(() => store.read("s", ["k"]).catch(String))
      .toContain("the client that it was given has lost its connection");
    await expect(store.commit("s", [{ key: "k", ifRevision: 0, value: "v" }])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
  });
});

describe.skipIf(!hasPostgres)(`a pool of one's own${WITHOUT_POSTGRES}`, () => {
  it("lends its clients until the store is closed, and gets them back as they were", async () => {
    const pool = ownPool(3);
    const store = await openPostgres({ pool, schema: freshSchema() });
    await useAll(store);
    expect(pool.totalCount - pool.idleCount).toBe(3);
    await store.close();
    expect([pool.totalCount, pool.idleCount]).toEqual([3, 3]);
    const clients = await Promise.all([0, 1, 2].map(() => pool.connect()));
    for (const client of clients) {
      const { rowCount } = await client.query("SELECT pg_listening_channels()");
      expect([rowCount, client.listenerCount("notification")]).toEqual([0, 0]);
      client.release();
    }
  });

  it("replaces clients that lost their connection", async () => {
    const pool = ownPool(3);
    const schema = freshSchema();
    const store = await openPostgres({ pool, schema });
    await useAll(store);
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL",
    );
    const commit = await store.commit("s", [{ key: "again", ifRevision: 0, value: "v" }]);
    expect(commit.committed).toBe(true);
    expect((await store.read("s", ["again"])).size).toBe(1);
  });

  it("that has none to lend is an error in the time that calls have", async () => {
    const pool = ownPool(1);
    const client = await pool.connect();
    onTestFinished(() => client.release());
    await expect(openPostgres({ pool, timeoutMs: 200 })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("no connection within the 200 ms that were left"),
    });
  });
});
