// Stores on a PostgreSQL server of tests: closed with their test, each test in a schema of its own.

import { onTestFinished } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { systemChance, systemClock } from "../../src/node/clock.ts";
import { postgres, type PostgresOptions } from "../../src/stores/postgres/index.ts";

let schemas = 0;

/** A name that no other test of this process has. */
export function freshSchema(): string {
  return `test ${process.pid}.${++schemas}`;
}

export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const store = await postgres(options).open({ clock: systemClock, chance: systemChance });
  onTestFinished(() => store.close());
  return store;
}

/** A statement that makes a slot of the scope "s" as a commit of the store does, in a batch of that name, and tells nobody. */
export function making(schema: string, key: string, batch: string): string {
  const items = {
    call_of: [1],
    scopes: ["s"],
    keys: [key],
    conditions: [0],
    changes: [true],
    new_values: ["v"],
    ttls: [null],
  };
  return `SELECT "${schema}".commit_batch('${batch}', 9000, 1, '${JSON.stringify(items)}')`;
}
