// `postgres()`: what it is asked, checked, and the engine that it makes of it.

import type { Engine } from "../../contract/index.ts";
import { describe, expectBoolean, expectInteger, expectOptions, expectString } from "../../core/expect.ts";
import { loadDriver, type PostgresClient, type PostgresPool } from "./driver.ts";
import { schemaName } from "./schema-name.ts";
import { oneConnection, ownConnections, poolConnections, type Source } from "./source.ts";
import { openPostgresStore } from "./store.ts";

export interface PostgresOptions {
  /**
   * Where the database is: `postgres://user:password@host:5432/database`, with all that the package `pg` understands;
   * what it does not say comes from the environment (`PGHOST`, `PGPASSWORD`…), as with psql. Of a server on this machine
   * also the folder of its socket: `/run/postgresql database`, `socket:/run/postgresql?db=database`. Takes the package
   * `pg`, version 8. Connections are made when they are needed: up to three.
   */
  readonly connectionString?: string | undefined;
  /**
   * A connected `Client` of `pg` of yours, instead: everything goes over it, and nothing comes back when it loses its
   * connection. It must be in no transaction and is yours to end.
   */
  readonly client?: PostgresClient | undefined;
  /** A `Pool` of `pg` of yours, instead: up to three of its clients are kept until the registry is closed. */
  readonly pool?: PostgresPool | undefined;
  /** The schema for its tables, which is made when it is not there. Those of another schema are another store. @default "moorage" */
  readonly schema?: string | undefined;
  /** In milliseconds, how long a call may take before it is an error, reconnecting included; 100 at least. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Takes a server that loses commits that it has acknowledged, because `fsync`, `full_page_writes` or
   * `synchronous_commit` is off: after its crash, ports can be granted twice. For tests. @default false
   */
  readonly allowUnsafeDurability?: boolean | undefined;
}

const KNOWN = ["connectionString", "client", "pool", "schema", "timeoutMs", "allowUnsafeDurability"] as const;
const URL_FORM = /^postgres(?:ql)?:\/\//iu;
/** What else `pg` understands. Any other text is to it the name of a database on a host called "base". */
const SOCKET_FORM = /^(?:socket:|\/)/iu;
const EXPECTED =
  "expected postgres://user:password@host:5432/database, with what is not a letter or a digit of a " +
  "password as in a URL (%2F for /)";
/** What PostgreSQL cuts a longer name to. */
const LONGEST_NAME = 63;

/**
 * A registry's store in PostgreSQL 15 or newer, for `open({ store })`.
 *
 * @throws TypeError, RangeError for options that cannot be.
 *
 * @example
 * const registry = await open({ store: postgres({ connectionString: "postgres://db.example/ports" }) });
 */
export function postgres(options: PostgresOptions): Engine {
  expectOptions("postgres()", options, KNOWN);
  const { connectionString, client, pool, schema = "moorage", timeoutMs = 5000 } = options;
  const { allowUnsafeDurability = false } = options;
  const given = [connectionString, client, pool].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `postgres(): expected one of \`connectionString\`, \`client\` and \`pool\`, received ${given.length}`,
    );
  }
  expectConnectionString(connectionString);
  expectMethod("client", client, "query");
  expectMethod("pool", pool, "connect");
  expectSchema(schema);
  expectInteger("timeoutMs", timeoutMs, 100, 2 ** 31 - 1);
  expectBoolean("allowUnsafeDurability", allowUnsafeDurability);
  const name = `${nameOf(connectionString)}, schema ${schema}`;
  const connections = async (): Promise<Source> => {
    if (client) return oneConnection(client);
    if (pool) return poolConnections(pool);
    return ownConnections(await loadDriver(), { connectionString: connectionString!, timeoutMs });
  };
  return {
    name,
    async open({ clock, chance }) {
      const source = await connections();
      const how = { schema: schemaName(schema), name, timeoutMs, allowUnsafeDurability };
      return await openPostgresStore({ source, ...how, clock, chance });
    },
  };
}

/**
 * What `MOORAGE_STORE` says, as options: a connection string, whose parameter `schema` is that of `postgres()`.
 *
 * @throws RangeError for text that is no URL of PostgreSQL.
 *
 * @example
 * parsePostgresUrl("postgres://db.example/ports?schema=staging");
 * // { connectionString: "postgres://db.example/ports", schema: "staging" }
 */
export function parsePostgresUrl(text: string): PostgresOptions {
  if (!isUrl(text)) {
    // The text itself may have a password in it.
    throw new RangeError(`\`url\`: ${EXPECTED}, received another text`);
  }
  const url = new URL(text);
  const schema = url.searchParams.get("schema") ?? undefined;
  url.searchParams.delete("schema");
  return schema === undefined ? { connectionString: text } : { connectionString: url.href, schema };
}

/** As messages have it: without user and password. */
function nameOf(connectionString: string | undefined): string {
  if (connectionString === undefined) return "PostgreSQL";
  if (!URL.canParse(connectionString)) return "PostgreSQL";
  const { host, pathname, searchParams } = new URL(connectionString);
  return `PostgreSQL at ${host || searchParams.get("host") || "the default host"}${pathname}`;
}

function expectConnectionString(text: string | undefined): void {
  if (text === undefined || SOCKET_FORM.test(expectString("connectionString", text))) return;
  // The host may be missing behind a user, too: it is a parameter then, or the environment's.
  if (isUrl(text.replace("@/", "@host/"))) return;
  // It may have a password in it.
  const received = /^\s*\w+\s*=/u.test(text) ? "key words, as psql takes them" : "another text";
  throw new RangeError(`\`connectionString\`: ${EXPECTED}, or the folder of a socket, received ${received}`);
}

/** A password with a "/" in it ends the host too early: what was taken for the database has a part of it. */
function isUrl(text: string): boolean {
  return URL_FORM.test(text) && URL.canParse(text) && !new URL(text).pathname.includes("@");
}

function expectMethod(option: string, value: unknown, method: string): void {
  if (value === undefined) return;
  const found = typeof value === "object" && value !== null ? Reflect.get(value, method) : undefined;
  if (typeof found === "function") return;
  throw new TypeError(`\`${option}\`: expected one of the package pg, received ${describe(value)}`);
}

function expectSchema(schema: string): void {
  expectString("schema", schema);
  if (schema === "" || schema.includes("\0") || Buffer.byteLength(schema) > LONGEST_NAME) {
    throw new RangeError(
      `\`schema\`: expected a name of 1 to ${LONGEST_NAME} bytes, received ${describe(schema)}`,
    );
  }
}
