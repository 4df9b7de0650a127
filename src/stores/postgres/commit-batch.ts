// The statement that commits, as a function in the schema (procedures.ts): many calls at once, each all or nothing.

import { runOut, slotByKey } from "./look-ups.ts";
import { escaped, PLANNED, type SchemaName } from "./schema-name.ts";

export function committing(schema: SchemaName): string[] {
  return [blocksInTheWay(schema), commitBatch(schema)];
}

/** The items that make a block of ports where another one is, which the same call does not remove. */
function blocksInTheWay({ identifier }: SchemaName): string {
  return `
    CREATE FUNCTION ${identifier}.blocks_in_the_way(
      call_of integer[], scopes text[], keys text[], conditions bigint[], new_values text[]
    ) RETURNS integer[] LANGUAGE sql AS $body$
      WITH a AS (
        SELECT * FROM unnest(call_of, scopes, keys, conditions, new_values) WITH ORDINALITY
          AS a (call, scope, key, condition, value, item)
        WHERE starts_with(a.key, 'block/')
      )
      SELECT array_agg(a.item::integer) FROM a
      WHERE a.condition = 0 AND a.value IS NOT NULL AND EXISTS (
        SELECT FROM ${identifier}.slot s
        WHERE starts_with(s.key, 'block/')
          AND ${identifier}.block_space(s.scope, s.key) && ${identifier}.block_space(a.scope, a.key)
          AND ${identifier}.block_ports(s.key) && ${identifier}.block_ports(a.key)
          AND s.key <> a.key
          AND NOT EXISTS (
            SELECT FROM a gone
            WHERE gone.call = a.call AND gone.scope = s.scope AND gone.key = s.key AND gone.value IS NULL
          )
      )
    $body$;`;
}

/**
 * The commits of a batch, each all or nothing, which change different slots. An item is one slot of the call whose number
 * it has: what it must be, and what it is to become when it is a change; without a value, nothing. They come column by
 * column, which costs both sides less than row by row.
 *
 * The answer has the revisions of the calls; the items that were not as they must be, by number; and of calls that were
 * refused, the slots there are among their items.
 */
function commitBatch(schema: SchemaName): string {
  const { identifier } = schema;
  const revision = `nextval('${escaped(identifier)}.revision')`;
  return `
    CREATE FUNCTION ${identifier}.commit_batch(batch text, patience integer, calls integer, items json) RETURNS json
    LANGUAGE plpgsql ${PLANNED} AS $body$
    #variable_conflict use_variable
    DECLARE
      call_of integer[];
      scopes text[];
      keys text[];
      conditions bigint[];
      changes boolean[];
      new_values text[];
      ttls integer[];
      moment timestamptz;
      epoch integer;
      refused_items integer[];
      refused_calls integer[];
      given bigint[];
      found json;
      gone record;
    BEGIN
      SELECT * INTO call_of, scopes, keys, conditions, changes, new_values, ttls FROM json_to_record(items) AS r (
        call_of integer[], scopes text[], keys text[], conditions bigint[], changes boolean[], new_values text[], ttls integer[]
      );
      PERFORM ${identifier}.take_turns(patience, scopes);
      IF EXISTS (SELECT FROM ${identifier}.cancelled c WHERE c.batch = commit_batch.batch) THEN
        RAISE EXCEPTION 'this batch was given up' USING ERRCODE = 'MR003';
      END IF;
      SELECT m.epoch INTO epoch FROM ${identifier}.meta m WHERE m.id = 1;
      moment := clock_timestamp();
      IF EXISTS (SELECT FROM ${runOut(identifier, "moment")} o WHERE o.scope = ANY (scopes)) THEN
        PERFORM ${identifier}.sweep_scopes(scopes);
      END IF;

      SELECT array_agg(a.item::integer) INTO refused_items
      FROM unnest(scopes, keys, conditions) WITH ORDINALITY AS a (scope, key, condition, item)
      WHERE a.condition IS DISTINCT FROM
        coalesce((SELECT s.revision FROM ${identifier}.slot s WHERE s.scope = a.scope AND s.key = a.key), 0);
      IF EXISTS (SELECT FROM unnest(keys) AS a (key) WHERE starts_with(a.key, 'block/')) THEN
        refused_items := refused_items || ${identifier}.blocks_in_the_way(call_of, scopes, keys, conditions, new_values);
      END IF;
      IF refused_items IS NULL THEN
        SELECT array_agg(${revision}) INTO given FROM generate_series(1, calls);
      ELSE
        SELECT array_agg(DISTINCT call_of[r.item]) INTO refused_calls FROM unnest(refused_items) AS r (item);
        SELECT array_agg(CASE WHEN n <> ALL (refused_calls) THEN ${revision} END ORDER BY n) INTO given
        FROM generate_series(1, calls) AS n;
      END IF;

      FOR gone IN
        SELECT a.scope, a.key FROM unnest(call_of, scopes, keys, changes, new_values) AS a (call, scope, key, is_change, value)
        WHERE a.is_change AND a.value IS NULL AND given[a.call] IS NOT NULL
      LOOP
        DELETE FROM ${identifier}.slot s WHERE s.scope = gone.scope AND s.key = gone.key;
      END LOOP;
      INSERT INTO ${identifier}.slot AS s (scope, key, revision, value, ttl_ms, expires_at)
      SELECT a.scope, a.key, given[a.call], a.value, a.ttl, clock_timestamp() + a.ttl * interval '1 millisecond'
      FROM unnest(call_of, scopes, keys, new_values, ttls) AS a (call, scope, key, value, ttl)
      WHERE a.value IS NOT NULL AND given[a.call] IS NOT NULL
      ON CONFLICT ON CONSTRAINT slot_pkey DO UPDATE SET
        revision = excluded.revision, value = excluded.value, ttl_ms = excluded.ttl_ms, expires_at = excluded.expires_at;
      INSERT INTO ${identifier}.change
      SELECT a.scope, max(given[a.call]), batch, array_agg(a.key), array_agg(given[a.call]), moment
      FROM unnest(call_of, scopes, keys, conditions, changes, new_values)
        AS a (call, scope, key, condition, is_change, value)
      WHERE a.is_change AND given[a.call] IS NOT NULL AND (a.value IS NOT NULL OR a.condition <> 0)
      GROUP BY a.scope;

      IF refused_items IS NOT NULL THEN
        SELECT json_agg(json_build_object('item', a.item, 'revision', s.revision, 'value', s.value)) INTO found
        FROM unnest(call_of, scopes, keys) WITH ORDINALITY AS a (call, scope, key, item)
        CROSS JOIN LATERAL ${slotByKey(identifier, "a.scope", "a.key")} s
        WHERE a.call = ANY (refused_calls);
      END IF;
      RETURN json_build_object('epoch', epoch, 'revisions', given, 'refused', refused_items, 'found', found);
    END $body$;`;
}
