// The floor of the PostgreSQL store: one INSERT … ON CONFLICT in a transaction of its own, over a connection for each of
// those outstanding.

import { Client } from "pg";
import type { Bare } from "./engine.ts";

const TABLE = `CREATE TABLE IF NOT EXISTS bare (
  scope text COLLATE "C", key text COLLATE "C", revision bigint NOT NULL, value text NOT NULL, PRIMARY KEY (scope, key))`;
const WRITE = {
  name: "write",
  rowMode: "array" as const,
  text: `INSERT INTO bare AS b VALUES ('bare', $1, nextval('bare_revision'), $2)
    ON CONFLICT (scope, key) DO UPDATE SET revision = excluded.revision, value = excluded.value WHERE b.revision = $3
    RETURNING revision`,
};

export async function openBare(
  { connectionString }: { readonly connectionString: string },
  outstanding: number,
): Promise<Bare> {
  const clients = Array.from({ length: outstanding }, () => new Client({ connectionString }));
  await Promise.all(clients.map((client) => client.connect()));
  const [first] = clients;
  // Who comes at the same time makes the same.
  await first!.query("SELECT pg_advisory_lock(1)");
  await first!.query(`${TABLE}; CREATE SEQUENCE IF NOT EXISTS bare_revision`);
  await first!.query("SELECT pg_advisory_unlock(1)");
  const idle = [...clients];
  return {
    async write(slot, revision, value) {
      const client = idle.pop()!;
      const query = { ...WRITE, values: [slot, value, revision] };
      // With a callback, which is cheaper than the promise.
      const rows = await new Promise<readonly [string][]>((resolve, reject) => {
        client.query<[string]>(query, (error, answer) => (error ? reject(error) : resolve(answer.rows)));
      });
      idle.push(client);
      if (rows.length === 0) throw new Error(`refused: ${slot}`);
      return Number(rows[0]![0]);
    },
    async close() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}
