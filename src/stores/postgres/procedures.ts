// The statements that change something, as functions in the schema: one round trip each, and never a transaction that
// waits for its client.
//
// Whoever changes slots has the turn of their scopes until the commit is done: an advisory lock for each. So the revisions of
// a scope are in the order of its commits: who sees a revision sees everything below it, a watch reads on from the revision
// that it has seen, and since turns are taken in one order, no two transactions wait for each other in a circle. Scopes do
// not wait for one another. What a turn costs, above all the wait for the disk, all the calls of a process that are
// outstanding share (batches.ts).
//
// A function is VOLATILE: each of its statements sees what was committed before it began, not before the call did. The
// first one waits for its turns.

import { committing } from "./commit-batch.ts";
import { runOut } from "./look-ups.ts";
import { questions } from "./questions.ts";
import { escaped, PLANNED, schemaLock, type SchemaName } from "./schema-name.ts";

export function procedures(schema: SchemaName): string {
  return [
    beginHistory(schema),
    takeTurns(schema),
    tell(schema),
    sweep(schema),
    ...committing(schema),
    settleBatch(schema),
    keepAlive(schema),
    trim(schema),
    ...questions(schema),
  ].join("\n");
}

/** Waits as long as `patience` says, in milliseconds. A new history waits for all, and all for it. */
function takeTurns(schema: SchemaName): string {
  const { identifier, literal } = schema;
  return `
    CREATE FUNCTION ${identifier}.take_turns(patience integer, scopes text[]) RETURNS void LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM set_config('lock_timeout', patience::text, true);
      PERFORM pg_advisory_xact_lock_shared(${schemaLock(schema)});
      PERFORM pg_advisory_xact_lock(t.turn) FROM (
        SELECT DISTINCT hashtextextended(${literal} || '/' || a.scope, 0) AS turn FROM unnest(scopes) AS a (scope)
        ORDER BY turn
      ) t;
    END $body$;`;
}

/** The channel of a scope; see `channelOf` in notices.ts. */
function channel({ literal }: SchemaName, scope: string): string {
  return `'moorage_' || md5(${literal} || '/' || ${scope})`;
}

/** That something changed in these scopes, and who says so. */
function tell(schema: SchemaName): string {
  return `
    CREATE FUNCTION ${schema.identifier}.tell(scopes text[], teller text) RETURNS void LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM pg_notify(${channel(schema, "a.scope")}, teller) FROM unnest(scopes) AS a (scope);
    END $body$;`;
}

/** Commits may have been lost: tokens go on in a new epoch, revisions above all that there were, watches begin anew. */
function beginHistory(schema: SchemaName): string {
  const { identifier } = schema;
  return `
    CREATE FUNCTION ${identifier}.begin_history(begun text, lost bigint) RETURNS integer LANGUAGE plpgsql AS $body$
    DECLARE
      meta ${identifier}.meta;
      highest bigint;
    BEGIN
      PERFORM pg_advisory_xact_lock(${schemaLock(schema)});
      SELECT * INTO meta FROM ${identifier}.meta m;
      IF meta.history = begun THEN
        RETURN meta.epoch;
      END IF;
      IF meta.epoch > 0 THEN
        SELECT max(s.revision) INTO highest FROM ${identifier}.slot s;
        highest := greatest(highest, nextval('${escaped(identifier)}.revision')) + lost;
        PERFORM setval('${escaped(identifier)}.revision', highest);
        UPDATE ${identifier}.meta m SET trimmed = highest;
      END IF;
      UPDATE ${identifier}.meta m SET epoch = m.epoch + 1, history = begun;
      RETURN meta.epoch + 1;
    END $body$;`;
}

/** Removes the slots whose time is over, in a commit of its own. */
function sweep(schema: SchemaName): string {
  const { identifier } = schema;
  return `
    CREATE FUNCTION ${identifier}.sweep(patience integer) RETURNS void LANGUAGE plpgsql ${PLANNED} AS $body$
    DECLARE
      moment timestamptz := clock_timestamp();
      scopes text[];
    BEGIN
      SELECT array_agg(DISTINCT s.scope) INTO scopes FROM ${identifier}.slot s WHERE s.expires_at <= moment;
      PERFORM ${identifier}.take_turns(patience, scopes);
      PERFORM ${identifier}.sweep_scopes(scopes);
    END $body$;

    CREATE FUNCTION ${identifier}.sweep_scopes(scopes text[]) RETURNS void LANGUAGE plpgsql ${PLANNED} AS $body$
    DECLARE
      moment timestamptz := clock_timestamp();
      revision bigint := nextval('${escaped(identifier)}.revision');
      gone record;
    BEGIN
      FOR gone IN SELECT o.scope, o.key FROM ${runOut(identifier, "moment")} o WHERE o.scope = ANY (scopes) LOOP
        DELETE FROM ${identifier}.slot s WHERE s.scope = gone.scope AND s.key = gone.key AND s.expires_at <= moment;
        IF FOUND THEN
          INSERT INTO ${identifier}.change AS c VALUES (gone.scope, revision, '', ARRAY[gone.key], ARRAY[revision], moment)
          ON CONFLICT ON CONSTRAINT change_pkey DO UPDATE SET
            keys = c.keys || excluded.keys, revisions = c.revisions || excluded.revisions;
          PERFORM pg_notify(${channel(schema, "gone.scope")}, '');
        END IF;
      END LOOP;
    END $body$;`;
}

/**
 * What became of a batch whose answer was lost: the revision of each slot that it changed. When it changed none, it never
 * will: should it only arrive after this, it is refused.
 */
function settleBatch(schema: SchemaName): string {
  const { identifier } = schema;
  return `
    CREATE FUNCTION ${identifier}.settle_batch(batch text, patience integer, scopes text[])
    RETURNS TABLE (epoch integer, scope text, key text, revision bigint) LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM ${identifier}.take_turns(patience, scopes);
      RETURN QUERY
      SELECT m.epoch, c.scope, k.key, k.revision
      FROM ${identifier}.meta m, ${identifier}.change c, unnest(c.keys, c.revisions) AS k (key, revision)
      WHERE c.scope = ANY (scopes) AND c.batch = settle_batch.batch;
      IF NOT FOUND THEN
        INSERT INTO ${identifier}.cancelled VALUES (batch, clock_timestamp()) ON CONFLICT DO NOTHING;
      END IF;
    END $body$;`;
}

/** One row, and none that has run out; without the turn, for it changes no revision. */
function keepAlive({ identifier }: SchemaName): string {
  return `
    CREATE FUNCTION ${identifier}.keep_alive(scope text, key text) RETURNS boolean LANGUAGE plpgsql AS $body$
    BEGIN
      UPDATE ${identifier}.slot s SET expires_at = clock_timestamp() + s.ttl_ms * interval '1 millisecond'
      WHERE s.scope = keep_alive.scope AND s.key = keep_alive.key AND s.expires_at > clock_timestamp();
      RETURN FOUND;
    END $body$;`;
}

/** Forgets old changes, once a minute whoever asks; who watched and has not seen them begins anew. */
function trim({ identifier }: SchemaName): string {
  return `
    CREATE FUNCTION ${identifier}.trim() RETURNS void LANGUAGE plpgsql AS $body$
    DECLARE
      highest bigint;
    BEGIN
      UPDATE ${identifier}.meta m SET trimmed_at = clock_timestamp()
      WHERE m.trimmed_at < clock_timestamp() - interval '1 minute';
      IF NOT FOUND THEN
        RETURN;
      END IF;
      WITH gone AS (
        DELETE FROM ${identifier}.change c WHERE c.at < clock_timestamp() - interval '10 minutes' RETURNING c.revision
      )
      SELECT max(g.revision) INTO highest FROM gone g;
      UPDATE ${identifier}.meta m SET trimmed = greatest(m.trimmed, highest);
      DELETE FROM ${identifier}.cancelled c WHERE c.at < clock_timestamp() - interval '1 hour';
    END $body$;`;
}
