// The tables, and the format they have.
//
// A port, like everything that is leased, is one slot: the primary key is what keeps it from two owners. Blocks of ports
// are slots too, whose keys say so ("block/tcp/20000-20255"): that no two of one scope and protocol overlap is an
// exclusion constraint, so that not even another program's SQL can make one that does.

import { PortError } from "../../core/index.ts";
import { SQLSTATE } from "./failure.ts";
import type { Link } from "./link.ts";
import { procedures } from "./procedures.ts";
import { schemaLock, type SchemaName } from "./schema-name.ts";
import type { Server } from "./settings.ts";
import type { Reading } from "./slots.ts";

/**
 * The format that this version makes, and the newest it knows. A version reads and writes this one and the one
 * before it, as it finds it: two versions can share a database. There is none before 1.
 */
const FORMAT = 1;

/** How much further revisions go on where some may have been lost: many times what a standby can be behind. */
const LOST_WITH_HISTORY = 1_000_000_000;
/** The same for the last moments before a crash of a server that does not sync. */
const LOST_WITH_CRASH = 1_000_000;

export interface Preparing {
  readonly schema: SchemaName;
  readonly server: Server;
  /** As messages name the store. */
  readonly name: string;
  /** Whether the tables are there. */
  readonly isMade: boolean;
  /** Told from all others; see `Chance.uniqueId`. */
  readonly uniqueId: () => string;
  readonly withinMs: number;
}

/**
 * Makes what is not there yet, once, whoever comes at the same time; and begins a new epoch where commits may have
 * been lost. Returns the epoch.
 *
 * @throws PortError `STORE_TOO_NEW` when a newer version made the tables; what the server answers.
 */
export async function prepareSchema(link: Link, options: Preparing): Promise<number> {
  const { schema, server, name, isMade, uniqueId, withinMs } = options;
  if (!isMade) await link.query(creation(schema), [], withinMs);
  const [found] = await link.query(
    `SELECT format, epoch, history FROM ${schema.identifier}.meta`,
    [],
    withinMs,
  );
  const format = Number(found?.[0]);
  if (format > FORMAT) {
    const message =
      `${name} has format ${format}, this version of Moorage knows up to ${FORMAT}: ` +
      "use the newer version, or another `schema`";
    throw new PortError("STORE_TOO_NEW", message, { path: name, format, supported: FORMAT });
  }
  if (found?.[2] === server.history && !server.isUnsafe) return Number(found[1]);
  // Of a server that loses commits nobody can tell when it did: each connection begins a history of its own.
  const history = server.isUnsafe ? `${server.history}/${uniqueId()}` : server.history;
  const lost = found?.[2]?.startsWith(`${server.history}/`) ? LOST_WITH_CRASH : LOST_WITH_HISTORY;
  const begun = `SELECT ${schema.identifier}.begin_history($1, $2)`;
  const [epoch] = await link.query(begun, [history, lost], withinMs);
  return Number(epoch?.[0]);
}

/** To at least this one; returns the one that it is. */
export async function raiseEpoch({ link, withinMs, schema }: Reading, least: number): Promise<number> {
  const raise = `UPDATE ${schema.identifier}.meta SET epoch = greatest(epoch, $1) RETURNING epoch`;
  const [row] = await link.query(raise, [least], withinMs);
  return Number(row?.[0]);
}

/** One statement, so that it is done as a whole and nobody waits for a client in the middle of it. */
function creation(schema: SchemaName): string {
  const { identifier, literal } = schema;
  return `DO $creation$ BEGIN
    PERFORM pg_advisory_xact_lock(${schemaLock(schema)});
    -- Not to_regclass(): what it remembers can be older than the turn.
    IF EXISTS (SELECT FROM pg_tables t WHERE t.schemaname = ${literal} AND t.tablename = 'meta') THEN
      RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${literal}) THEN
      RAISE EXCEPTION 'the schema has tables of another program' USING ERRCODE = '${SQLSTATE.NOT_MOORAGES}';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = ${literal}) THEN
      CREATE SCHEMA ${identifier};
    END IF;
    ${tables(schema)}
    ${procedures(schema)}
  END $creation$`;
}

function tables({ identifier }: SchemaName): string {
  return `
    CREATE TABLE ${identifier}.meta (
      id integer PRIMARY KEY CHECK (id = 1),
      format integer NOT NULL,
      epoch integer NOT NULL,
      history text NOT NULL,
      trimmed bigint NOT NULL,
      trimmed_at timestamptz NOT NULL
    );
    INSERT INTO ${identifier}.meta VALUES (1, ${FORMAT}, 0, '', 0, clock_timestamp());

    CREATE SEQUENCE ${identifier}.revision;

    CREATE FUNCTION ${identifier}.block_ports(key text) RETURNS int4range LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
      SELECT CASE
        WHEN NOT starts_with(key, 'block/') THEN NULL
        WHEN key ~ '^block/[a-z]+/[0-9]{1,5}-[0-9]{1,5}$'
          AND split_part(split_part(key, '/', 3), '-', 1)::integer <= split_part(split_part(key, '/', 3), '-', 2)::integer
          THEN int4range(
            split_part(split_part(key, '/', 3), '-', 1)::integer,
            split_part(split_part(key, '/', 3), '-', 2)::integer,
            '[]'
          )
      END
    $body$;

    CREATE FUNCTION ${identifier}.block_space(scope text, key text) RETURNS int8range LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
      SELECT int8range(
        hashtextextended(scope || '/' || split_part(key, '/', 2), 0),
        hashtextextended(scope || '/' || split_part(key, '/', 2), 0),
        '[]'
      )
    $body$;

    CREATE TABLE ${identifier}.slot (
      scope text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      revision bigint NOT NULL,
      value text NOT NULL,
      ttl_ms integer,
      expires_at timestamptz,
      PRIMARY KEY (scope, key)
    ) WITH (fillfactor = 70);
    CREATE INDEX slot_expires_at ON ${identifier}.slot (expires_at) WHERE expires_at IS NOT NULL;
    ALTER TABLE ${identifier}.slot ADD CONSTRAINT slot_blocks_apart EXCLUDE USING gist (
      ${identifier}.block_space(scope, key) WITH &&, ${identifier}.block_ports(key) WITH &&
    ) WHERE (starts_with(key, 'block/'));

    CREATE TABLE ${identifier}.change (
      scope text COLLATE "C" NOT NULL,
      revision bigint NOT NULL,
      batch text NOT NULL,
      keys text[] NOT NULL,
      revisions bigint[] NOT NULL,
      at timestamptz NOT NULL,
      PRIMARY KEY (scope, revision)
    );

    CREATE TABLE ${identifier}.cancelled (
      batch text PRIMARY KEY,
      at timestamptz NOT NULL
    );`;
}
