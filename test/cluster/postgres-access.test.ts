// Who is let in by PostgreSQL, with which rights, and what is said to whom it refuses.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

/** Its administrator comes by the socket; everybody else is asked for a password. */
const PG_HBA = `
local all moorage trust
local all all scram-sha-256
host postgres all 127.0.0.1/32 scram-sha-256
`;

let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  if (!hasPostgres) return;
  folder = mkdtempSync(join(tmpdir(), "moorage-hba-"));
  chmodSync(folder, 0o755);
  const file = join(folder, "pg_hba.conf");
  writeFileSync(file, PG_HBA);
  server = await startPostgres({ hba_file: file });
  await server.sql(
    "CREATE USER ann PASSWORD 'secret'",
    "CREATE USER bob PASSWORD 'secret'",
    "CREATE ROLE clerks NOLOGIN",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
  );
});

afterAll(async () => {
  if (!hasPostgres) return;
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The URL of a user, with or without a password, by the socket. */
function as(user: string, { database = "postgres" } = {}): string {
  const url = server.url.replace("user=moorage", `user=${user.split(":")[0]}`);
  const password = user.split(":")[1];
  const given = password === undefined ? "" : `&password=${password}`;
  return `${url.replace("/postgres?", `/${database}?`)}${given}`;
}

async function refusal(connectionString: string, schema = freshSchema()): Promise<string> {
  const error: unknown = await openPostgres({ connectionString, schema }).catch(
    (refused: unknown) => refused,
  );
  expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
  return (error as Error).message;
}

const put = { key: "k", ifRevision: 0, value: "v" };

describe.skipIf(!hasPostgres)(
  `who is refused by the server is told what to look at${WITHOUT_POSTGRES}:`,
  () => {
    const passwords =
      "look at the user and the password, which are those of PGUSER and PGPASSWORD where the URL has none";
    it.each([
      [
        "a wrong password",
        () => as("ann:wrong"),
        `password authentication failed for user "ann"; ${passwords}`,
      ],
      [
        "TLS that the server has not",
        () => `postgres://ann:secret@127.0.0.1:${server.port}/postgres?sslmode=verify-full`,
        "it has no TLS; leave `sslmode` out of the URL, or turn `ssl` on there",
      ],
      ["a user that is not there", () => as("nobody:wrong"), passwords],
      [
        "no password",
        () => as("ann"),
        "it wants a password, and there is none; give one in the URL, or in PGPASSWORD",
      ],
      [
        "a role that may make nothing",
        () => as("moorage").replace("user=moorage", "user=moorage&options=-c%20role%3Dclerks"),
        `permission denied for database postgres; have an administrator say GRANT CREATE ON DATABASE postgres TO clerks`,
      ],
      [
        "a database that it may not come to",
        () => `postgres://ann:secret@127.0.0.1:${server.port}/template1`,
        "look at the user, which is PGUSER's where the URL names none, and whom pg_hba.conf of the server lets in",
      ],
      [
        "a database that is not there",
        () => as("moorage", { database: "nowhere" }),
        `database "nowhere" does not exist; name one in the URL that is there, or make it (CREATE DATABASE)`,
      ],
      [
        "a database that is closed to it",
        () => as("ann:secret", { database: "closed" }),
        `permission denied for database "closed"; by default every user may: GRANT CONNECT ON DATABASE`,
      ],
    ])("%s", async (_, url, message) => {
      vi.stubEnv("PGPASSWORD", undefined);
      const said = await refusal(url());
      expect(said).toContain(message);
      expect(said).not.toMatch(/secret|SASL/u);
    });

    it("a server that has all the connections that it takes", async () => {
      await server.sql("CREATE USER few PASSWORD 'secret' CONNECTION LIMIT 0");
      const connectionString = as("few:secret");
      const opening = openPostgres({ connectionString, timeoutMs: 300 });
      await expect(opening).rejects.toThrow(
        "let fewer processes connect, or raise the limit of the server or the user",
      );
    });
  },
);

describe.skipIf(!hasPostgres)(`a user${WITHOUT_POSTGRES}`, () => {
  it("whose password is in PGPASSWORD is let in", async () => {
    vi.stubEnv("PGPASSWORD", "secret");
    const schema = freshSchema();
    await server.sql(`CREATE SCHEMA "${schema}" AUTHORIZATION ann`);
    const store = await openPostgres({ connectionString: as("ann"), schema });
    expect(await store.commit("s", [put])).toMatchObject({ committed: true });
  });

  it("who may make no schema is told the statements for it, which help", async () => {
    const schema = `${freshSchema()} of "ann"`;
    const said = await refusal(as("ann:secret"), schema);
    const make = 'CREATE SCHEMA "' + schema.replaceAll('"', '""') + '" AUTHORIZATION ann';
    expect(said).toContain(
      `permission denied for database postgres; have an administrator say GRANT CREATE ON DATABASE postgres TO ann, or ${make}`,
    );
    await server.sql(make);
    const store = await openPostgres({ connectionString: as("ann:secret"), schema });
    expect(await store.commit("s", [put])).toMatchObject({ committed: true });
  });

  it.each([
    ["that is there and has nothing", false],
    ["that is in use", true],
  ])(
    "without rights on a schema %s is told whose it is, and the statements, which help",
    async (_, isMade) => {
      const schema = freshSchema();
      await server.sql(`CREATE SCHEMA "${schema}" AUTHORIZATION ann`);
      if (isMade) await (await openPostgres({ connectionString: as("ann:secret"), schema })).close();
      const said = await refusal(as("bob:secret"), schema);
      expect(said).toContain(
        `permission denied for schema ${schema}; the schema belongs to ann: connect as that user, or have it say GRANT `,
      );
      await grantAsTold(said);
      const store = await openPostgres({ connectionString: as("bob:secret"), schema });
      expect(await store.commit("s", [put])).toMatchObject({ committed: true });
      expect(await store.expiring!.create("s", "e", "v", 2000)).toMatchObject({ ttlMs: 2000 });
      expect(await store.expiring!.keepAlive("s", "e")).toBe(true);
      expect((await store.read("s", ["k"])).size).toBe(1);
      expect((await store.watch("s").next()).value?.slots).toHaveLength(2);
      await store.raiseEpoch(5);
      await store.close();
      await server.sql(`UPDATE "${schema}".meta SET history = ''`);
      expect((await openPostgres({ connectionString: as("bob:secret"), schema })).epoch).toBe(6);
    },
  );

  it("who may only read does so, and is told the statements when it writes", async () => {
    const schema = freshSchema();
    await server.sql(`CREATE SCHEMA "${schema}" AUTHORIZATION ann`);
    const owner = await openPostgres({ connectionString: as("ann:secret"), schema });
    await owner.commit("s", [put]);
    await server.sql(
      `GRANT USAGE ON SCHEMA "${schema}" TO bob`,
      `GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO bob`,
    );
    const store = await openPostgres({ connectionString: as("bob:secret"), schema });
    expect((await store.read("s", ["k"])).size).toBe(1);
    const error: unknown = await store
      .commit("s", [{ ...put, key: "k/2" }])
      .catch((refused: unknown) => refused);
    expect(error).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(
        "permission denied for sequence revision; the schema belongs to ann: ",
      ),
    });
    await grantAsTold((error as Error).message);
    expect(await store.commit("s", [{ ...put, key: "k/2" }])).toMatchObject({ committed: true });
  });
});

/** Does what a message says, as an administrator. */
async function grantAsTold(message: string): Promise<void> {
  const statements = /have it say (GRANT .*)$/u.exec(message)?.[1]?.split("; ") ?? [];
  await server.sql(...statements);
}
