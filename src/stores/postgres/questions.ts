// The statements that read, as functions in the schema, so that a connection plans them once.
//
// Each is one statement within, and so sees one moment.

import { slotByKey } from "./look-ups.ts";
import { PLANNED, type SchemaName } from "./schema-name.ts";

export function questions(schema: SchemaName): string[] {
  return [readSlots(schema), listSlots(schema), look(schema)];
}

const SLOTS = "TABLE (key text, revision bigint, value text, is_expired boolean)";

function readSlots({ identifier }: SchemaName): string {
  return `
    CREATE FUNCTION ${identifier}.read_slots(scope text, keys text[]) RETURNS ${SLOTS} LANGUAGE plpgsql ${PLANNED} AS $body$
    BEGIN
      RETURN QUERY
      SELECT s.key, s.revision, s.value, s.expires_at <= clock_timestamp()
      FROM unnest(keys) AS a (key) CROSS JOIN LATERAL ${slotByKey(identifier, "read_slots.scope", "a.key")} s;
    END $body$;`;
}

function listSlots({ identifier }: SchemaName): string {
  return `
    CREATE FUNCTION ${identifier}.list_slots(scope text, first text, beyond text) RETURNS ${SLOTS}
    LANGUAGE plpgsql ${PLANNED} AS $body$
    BEGIN
      RETURN QUERY
      SELECT s.key, s.revision, s.value, s.expires_at <= clock_timestamp()
      FROM ${identifier}.slot s
      WHERE s.scope = list_slots.scope AND s.key >= first AND s.key < beyond ORDER BY s.key;
    END $body$;`;
}

/**
 * What changed in a scope after a revision, as it is now; after none, all slots. Besides, the revision that all of this is
 * of, the one that changes are known from, in how many milliseconds the next slot of the schema runs out, and whether old
 * changes are to be forgotten. On the way it tells of changes in the scopes `told`.
 */
function look({ identifier }: SchemaName): string {
  const answer = (slots: string): string => `
        SELECT json_build_object(
          'newest', greatest(m.trimmed, (SELECT max(c.revision) FROM ${identifier}.change c WHERE c.scope = look.scope)),
          'trimmed', m.trimmed,
          'expires_in', extract(epoch FROM (
            SELECT min(s.expires_at) FROM ${identifier}.slot s WHERE s.expires_at IS NOT NULL
          ) - clock_timestamp()) * 1000,
          'is_trim_due', m.trimmed_at < clock_timestamp() - interval '1 minute',
          'keys', a.keys, 'revisions', a.revisions, 'values', a.values
        )
        FROM ${identifier}.meta m, (
          SELECT array_agg(b.key) AS keys, array_agg(b.revision) AS revisions, array_agg(b.value) AS values
          FROM (SELECT * FROM (${slots}) c ORDER BY c.revision, c.key COLLATE "C") b
        ) a WHERE m.id = 1`;
  const all = `SELECT s.key, s.revision, s.value FROM ${identifier}.slot s WHERE s.scope = look.scope`;
  const changed = `
            SELECT t.key, coalesce(s.revision, t.revision) AS revision, s.value
            FROM (
              SELECT k.key, max(k.revision) AS revision
              FROM ${identifier}.change c, unnest(c.keys, c.revisions) AS k (key, revision)
              WHERE c.scope = look.scope AND c.revision > seen GROUP BY k.key
            ) t LEFT JOIN LATERAL ${slotByKey(identifier, "look.scope", "t.key")} s ON true`;
  return `
    CREATE FUNCTION ${identifier}.look(scope text, seen bigint, told text[], teller text) RETURNS json
    LANGUAGE plpgsql ${PLANNED} AS $body$
    BEGIN
      IF told <> '{}' THEN
        PERFORM ${identifier}.tell(told, teller);
      END IF;
      IF seen IS NULL THEN
        RETURN (${answer(all)});
      ELSE
        RETURN (${answer(changed)});
      END IF;
    END $body$;`;
}
