// The PostgreSQL store keeps the contract.

import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { conformanceCases } from "../../src/conformance/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

describe.skipIf(!hasPostgres)(`the PostgreSQL store conforms${WITHOUT_POSTGRES}:`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it.each(conformanceCases)("$name", async ({ run }) => {
    const schema = freshSchema();
    const setup = {
      open: () => openPostgres({ connectionString: server.url, schema }),
      wait: async (ms: number) => await pause(ms),
    };
    await expect(run(setup)).resolves.toBeUndefined();
  });
});
