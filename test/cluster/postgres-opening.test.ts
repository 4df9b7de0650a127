// What a server must be, what is made on it when it is first used, and what is refused.

import { execFileSync } from "node:child_process";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { postgres } from "../../src/stores/postgres/index.ts";
import { startChild } from "../stores/child.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

/** Settings of the session, as a user sets them for a role or a database. */
function withSetting(setting: string): string {
  return `${server.url}&options=${encodeURIComponent(`-c ${setting}`)}`;
}

async function commit(store: Store, key: string, ifRevision = 0): Promise<number> {
  const done = await store.commit("s", [{ key, ifRevision, value: "v" }]);
  if (!done.committed) throw new Error("refused");
  return done.token.revision;
}

describe.skipIf(!hasPostgres)(`the first use of a schema${WITHOUT_POSTGRES}`, () => {
  it("makes it once, whoever comes at the same time", async () => {
    const schema = freshSchema();
    const stores = await Promise.all(
      Array.from({ length: 12 }, () => openPostgres({ connectionString: server.url, schema })),
    );
    const revisions = await Promise.all(stores.map((store, index) => commit(store, `k/${index}`)));
    expect(new Set(revisions).size).toBe(12);
    expect(stores.map(({ epoch }) => epoch)).toEqual(stores.map(() => 1));
  });

  it("is of processes, too", async () => {
    const options = JSON.stringify({ connectionString: server.url, schema: freshSchema() });
    const door = ["stores/postgres/index.js", "postgres", options];
    const children = Array.from({ length: 4 }, (_, client) =>
      startChild("cluster/random-client.mjs", ...door, `${client}`, "/dev/null"),
    );
    for (const child of children) expect(await child.next()).toBe("working");
  });

  it("takes a schema that is there and empty, also where its user may make none", async () => {
    const schema = freshSchema();
    await server.sql(
      "CREATE USER plain",
      "REVOKE CREATE ON DATABASE postgres FROM PUBLIC",
      `CREATE SCHEMA "${schema}" AUTHORIZATION plain`,
    );
    const connectionString = server.url.replace("user=moorage", "user=plain");
    const store = await openPostgres({ connectionString, schema });
    expect(await commit(store, "k")).toBeGreaterThan(0);
    await expect(openPostgres({ connectionString, schema: freshSchema() })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("GRANT CREATE ON DATABASE"),
    });
  });

  it("leaves schemas apart, whatever their names", async () => {
    const names = [freshSchema(), `${freshSchema()} "quoted" 'twice'`, `${freshSchema()} Ω⛵`];
    for (const [index, schema] of names.entries()) {
      const store = await openPostgres({ connectionString: server.url, schema });
      await commit(store, `k/${index}`);
      const watch = store.watch("s");
      expect((await watch.next()).value.slots.map(({ key }: { key: string }) => key)).toEqual([`k/${index}`]);
    }
  });
});

describe.skipIf(!hasPostgres)(`refused is${WITHOUT_POSTGRES}`, () => {
  it.each([
    ["a server that does not sync", "fsync", "fsync is off"],
    ["one that can tear its pages", "full_page_writes", "full_page_writes is off"],
  ])("%s", async (_, setting, message) => {
    const risky = await startPostgres({ [setting]: "off" });
    onTestFinished(() => risky.stop());
    const refused = openPostgres({ connectionString: risky.url });
    await expect(refused).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(message),
    });
    const store = await openPostgres({ connectionString: risky.url, allowUnsafeDurability: true });
    const { epoch } = store;
    await commit(store, "k");
    // Of what such a server loses nobody is told.
    const other = await openPostgres({ connectionString: risky.url, allowUnsafeDurability: true });
    expect(other.epoch).toBeGreaterThan(epoch);
  });

  it.each([
    ["a session that tells commits before they are on disk", "synchronous_commit=off", "crash of the server"],
    ["a session that only reads", "default_transaction_read_only=on", "connect to a server that writes"],
  ])("%s", async (_, setting, message) => {
    const refused = openPostgres({ connectionString: withSetting(setting), schema: freshSchema() });
    await expect(refused).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(message),
    });
  });

  it("a session that does not wait for the synchronous standby", async () => {
    const setting = "ALTER SYSTEM SET synchronous_standby_names";
    const reload = "SELECT pg_reload_conf()";
    // Commits of this test would wait for a standby that there is not.
    const own = await startPostgres();
    onTestFinished(() => own.stop());
    const connectionString = `${own.url}&options=${encodeURIComponent("-c synchronous_commit=local")}`;
    await (await openPostgres({ connectionString })).close();
    await own.sql("SET synchronous_commit = local", `${setting} = 'other'`, reload);
    await expect
      .poll(async () => await own.sql("SHOW synchronous_standby_names"))
      .toEqual([{ synchronous_standby_names: "other" }]);
    await expect(openPostgres({ connectionString })).rejects.toThrow("failover to the synchronous standby");
  });

  it("a database of another encoding", async () => {
    await server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    const connectionString = server.url.replace("/postgres?", "/latin?");
    await expect(openPostgres({ connectionString })).rejects.toThrow("has the encoding LATIN1");
  });

  it("a database that is not there, and a server, at once and without its password", async () => {
    const connectionString = server.url.replace("/postgres?", "/nowhere?");
    await expect(openPostgres({ connectionString })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining('database "nowhere" does not exist'),
    });
    const nobody = openPostgres({ connectionString: "postgres://me:secret@127.0.0.1:1/ports" });
    const error: unknown = await nobody.catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({
      code: "STORE_UNAVAILABLE",
      path: "PostgreSQL at 127.0.0.1:1/ports, schema moorage",
    });
    expect(String(error)).toContain("ECONNREFUSED");
    expect(String(error)).not.toContain("secret");
  });

  it("a schema that a newer version made", async () => {
    const schema = freshSchema();
    await openPostgres({ connectionString: server.url, schema });
    await server.sql(`UPDATE "${schema}".meta SET format = 2`);
    await expect(openPostgres({ connectionString: server.url, schema })).rejects.toMatchObject({
      code: "STORE_TOO_NEW",
      format: 2,
      supported: 1,
    });
  });

  it("a schema with tables of another program, which stay as they are", async () => {
    const schema = freshSchema();
    await server.sql(`CREATE SCHEMA "${schema}"`, `CREATE TABLE "${schema}".users (id int)`);
    await expect(openPostgres({ connectionString: server.url, schema })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      message: expect.stringContaining("another program"),
    });
    const tables = await server.sql(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`);
    expect(tables).toEqual([{ tablename: "users" }]);
  });

  it("a schema that lost a table", async () => {
    const schema = freshSchema();
    const store = await openPostgres({ connectionString: server.url, schema });
    await server.sql(`DROP TABLE "${schema}".slot CASCADE`);
    await expect(store.read("s", ["k"])).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    await expect(commit(store, "k")).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });
});

describe.skipIf(!hasPostgres)(`after a failover${WITHOUT_POSTGRES}`, () => {
  it("tokens go on in a new epoch, and watches begin anew", async () => {
    const primary = await startPostgres();
    onTestFinished(() => primary.stop());
    const connectionString = `postgres://moorage@127.0.0.1:${primary.port}/postgres`;
    const store = await openPostgres({ connectionString, timeoutMs: 20_000 });
    const kept = await commit(store, "k/kept");
    const standby = primary.standby(primary.port);
    onTestFinished(() => standby.stop());
    const lost = await commit(store, "k/lost");
    const watch = store.watch("s");
    expect((await watch.next()).value).toMatchObject({ all: true, revision: lost });
    await primary.crash();
    await standby.start();
    await expect(openPostgres({ connectionString })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("it is a standby"),
    });
    await standby.sql("SELECT pg_promote()");
    const { value: anew } = await watch.next();
    expect(anew).toMatchObject({ all: true, slots: [{ key: "k/kept", revision: kept }] });
    const after = await store.commit("s", [{ key: "k/new", ifRevision: 0, value: "v" }]);
    expect(after).toMatchObject({ committed: true, token: { epoch: 2 } });
    expect(after.committed && after.token.revision).toBeGreaterThan(lost);
    expect(store.epoch).toBe(2);
  });
});

describe.skipIf(!hasPostgres)(`a dump${WITHOUT_POSTGRES}`, () => {
  it("that is restored on another server goes on in a new epoch, with all that keeps ports apart", async () => {
    const [from, to] = await Promise.all([startPostgres(), startPostgres()]);
    for (const each of [from, to]) onTestFinished(() => each.stop());
    const before = await openPostgres({ connectionString: from.url });
    const last = await commit(before, "block/tcp/20000-20255");
    to.restore(from.dump());
    const after = await openPostgres({ connectionString: to.url });
    expect(after.epoch).toBe(before.epoch + 1);
    expect(await after.list("s", "block/")).toMatchObject([{ key: "block/tcp/20000-20255", revision: last }]);
    expect(await commit(after, "k")).toBeGreaterThan(last);
    await expect(commit(after, "block/tcp/20255-20256")).rejects.toThrow("refused");
  });

  it("that is restored on the same server does so when the history is forgotten", async () => {
    const schema = freshSchema();
    const before = await openPostgres({ connectionString: server.url, schema });
    const last = await commit(before, "k");
    await before.close();
    await server.sql(`UPDATE "${schema}".meta SET history = ''`);
    const after = await openPostgres({ connectionString: server.url, schema });
    expect(after.epoch).toBe(before.epoch + 1);
    expect(await commit(after, "k/2")).toBeGreaterThan(last);
  });
});

describe("what cannot be opened", () => {
  it("without the driver names the package to install", async () => {
    const script = `
      import { register } from "node:module";
      const hooks = \`export const resolve = (name, context, next) => {
        if (name === "pg") throw new Error("not here");
        return next(name, context);
      }\`;
      register("data:text/javascript," + encodeURIComponent(hooks));
      const { postgres } = await import("./dist/stores/postgres/index.js");
      const { systemChance, systemClock } = await import("./dist/node/clock.js");
      const opening = postgres({ connectionString: "postgres://nowhere" });
      await opening.open({ clock: systemClock, chance: systemChance }).catch((error) => console.log(error.code, error.message));
    `;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(said).toContain("DRIVER_MISSING");
    expect(said).toContain("npm install pg");
  });

  it.each([
    [{}, "expected one of `connectionString`, `client` and `pool`, received 0"],
    [{ connectionString: "postgres://a", pool: { connect: () => {} } }, "received 2"],
    [{ connectionString: 5432 }, "`connectionString`: expected a string, received 5432"],
    [{ connectionString: "nonsense" }, "`connectionString`: expected postgres://"],
    [{ connectionString: "http://db.example/ports" }, "received another text"],
    [{ connectionString: "host=db.example dbname=ports" }, "received key words, as psql takes them"],
    [{ connectionString: "" }, "`connectionString`"],
    [{ client: {} }, "`client`: expected one of the package pg, received an object"],
    [{ pool: "pool" }, "`pool`: expected one of the package pg"],
    [{ connectionString: "postgres://a", schema: "" }, "`schema`: expected a name of 1 to 63 bytes"],
    [{ connectionString: "postgres://a", schema: "ü".repeat(32) }, "`schema`"],
    [{ connectionString: "postgres://a", timeoutMs: 10 }, "`timeoutMs`: expected a whole number from 100"],
    [{ connectionString: "postgres://a", allowUnsafeDurability: 1 }, "`allowUnsafeDurability`"],
    [{ connectionString: "postgres://a", shema: "a" }, "unknown option `shema`"],
  ])("%j is a mistake", (options, message) => {
    expect(() => postgres(options as never)).toThrow(message);
  });

  it.each([
    "user=me password=secret",
    "me:secret@db.example/ports",
    "mysql://me:secret@db.example/ports",
    "postgres://me:12/secret@db/ports",
  ])("%s is one whose password is not shown", (connectionString) => {
    expect(() => postgres({ connectionString })).toThrow(/^(?!.*secret)`connectionString`: /u);
  });

  it.each([
    "postgres://db.example/ports",
    "PostgreSQL://db.example",
    "postgres://me:secret@/ports?host=/run/postgresql",
    "postgres:///ports?host=/run/postgresql",
    "/run/postgresql ports",
    "socket:/run/postgresql?db=ports",
  ])("%s can", (connectionString) => {
    expect(postgres({ connectionString }).name).toMatch(/^(?!.*secret)PostgreSQL/u);
  });
});
