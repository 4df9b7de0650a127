// How the server finds slots: by their key, however many a scope has, and whatever it believes of the table's size.

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

const SLOTS = 3000;
const CALLS = 60;

let server: PostgresServer;

beforeAll(async () => {
  // It takes help for all it can, and compiles what costs more than a few rows: nothing of ours may need that.
  const helped = {
    parallel_setup_cost: "0",
    parallel_tuple_cost: "0",
    min_parallel_table_scan_size: "0",
    min_parallel_index_scan_size: "0",
  };
  if (hasPostgres) server = await startPostgres({ ...helped, autovacuum: "off", jit_above_cost: "50" });
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

/** How many rows of the slots were looked at so far; a connection tells when it ends. */
async function rowsRead(schema: string): Promise<number> {
  const client = await server.client();
  const { rows } = await client.query<{ read: string }>(
    "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS read FROM pg_stat_all_tables WHERE schemaname = $1 AND relname = 'slot'",
    [schema],
  );
  await client.end();
  return Number(rows[0]!.read);
}

async function put(store: Store, key: string): Promise<void> {
  const there = (await store.read("s", [key])).get(key);
  await store.commit("s", [{ key, ifRevision: there?.revision ?? 0, value: "v" }]);
}

const changes = Array.from({ length: SLOTS }, (_, at) => ({
  key: `port/tcp/${at}`,
  ifRevision: 0,
  value: "v",
}));

describe.skipIf(!hasPostgres)(`the slots of PostgreSQL${WITHOUT_POSTGRES}`, () => {
  const cases: [what: string, work: (store: Store) => Promise<void>][] = [
    [
      "a commit",
      async (store) => {
        for (let call = 0; call < CALLS; call++) {
          const key = `other/${call}`;
          const revision = async (): Promise<number> =>
            (await store.read("s", [key])).get(key)?.revision ?? 0;
          await store.commit("s", [{ key, ifRevision: await revision(), value: "v" }]);
          await store.commit("s", [{ key, ifRevision: 1, value: "refused" }]);
          await store.commit("s", [{ key, ifRevision: await revision(), value: null }]);
        }
      },
    ],
    [
      "a slot that runs out",
      async (store) => {
        for (let call = 0; call < CALLS; call++) {
          const key = `session/${call}`;
          const there = (await store.read("elsewhere", [key])).get(key);
          if (!there) await store.expiring!.create("elsewhere", key, "v", 500);
          await put(store, `other/${call}`);
        }
      },
    ],
    [
      "a watch, once it has seen all slots,",
      async (store) => {
        const watch = store.watch("s");
        await watch.next();
        for (let call = 0; call < CALLS; call++) {
          await put(store, `other/${call}`);
          await watch.next();
        }
        await watch.return?.();
      },
    ],
  ];
  it.each(cases)("are found by their keys: %s reads few of many", async (_, work) => {
    const schema = freshSchema();
    const open = (): Promise<Store> => openPostgres({ connectionString: server.url, schema });
    const store = await open();
    // So that its functions are planned when there is next to nothing.
    await work(store);
    const filler = await open();
    await filler.commit("s", changes);
    await filler.close();
    const before = await rowsRead(schema);
    await work(store);
    await store.close();
    expect((await rowsRead(schema)) - before).toBeLessThan(SLOTS + 60 * CALLS);
  });

  it("are found without help, and without compiling, whatever it believes that they cost", async () => {
    const schema = freshSchema();
    const store = await openPostgres({ connectionString: server.url, schema });
    const slots = Array.from({ length: SLOTS }, (_, at) => ({ key: `${at}`, ifRevision: 0, value: "v" }));
    await store.commit("s", slots);
    const client = await server.client();
    // A pool that is busy has some ten thousand changes.
    await client.query(`INSERT INTO "${schema}".change
      SELECT 's', 1000 + n, '', ARRAY['1'], ARRAY[1000 + n], now() FROM generate_series(1, 30000) AS n`);
    await client.query("ANALYZE");
    const plans: string[] = [];
    client.on("notice", ({ message }) => plans.push(message ?? ""));
    await client.query(`LOAD 'auto_explain'; SET client_min_messages = log; SET auto_explain.log_analyze = on;
      SET auto_explain.log_nested_statements = on; SET auto_explain.log_min_duration = 0`);
    await client.query(`SELECT "${schema}".look('s', 30990, '{}', 'nobody')`);
    await client.query(`SELECT * FROM "${schema}".read_slots('s', '{1,2,3}')`);
    await client.query(`SELECT * FROM "${schema}".list_slots('s', '1', '2')`);
    await client.end();
    const all = plans.join("\n");
    expect(all.match(/Index Scan/gu)?.length).toBeGreaterThan(3);
    expect(all).not.toMatch(/Gather|Parallel|JIT|Seq Scan on slot/u);
  });
});
