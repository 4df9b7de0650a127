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
 * What changed in a scope after a revision, as it is now; after none, all slots. The first row, without a key, has the
 * revision that all of this is of, the one that changes are known from, in how many milliseconds the next slot of the
 * schema runs out, and whether old changes are to be forgotten.
 */
function look({ identifier }: SchemaName): string {
  const header = `
        SELECT
          NULL::text, greatest(m.trimmed, (SELECT max(c.revision) FROM ${identifier}.change c WHERE c.scope = look.scope)),
          NULL::text, m.trimmed,
          extract(epoch FROM (
            SELECT min(s.expires_at) FROM ${identifier}.slot s WHERE s.expires_at IS NOT NULL
          ) - clock_timestamp()) * 1000,
          m.trimmed_at < clock_timestamp() - interval '1 minute'
        FROM ${identifier}.meta m WHERE m.id = 1`;
  const nothing = "NULL::bigint, NULL::numeric, NULL::boolean";
  return `
    CREATE FUNCTION ${identifier}.look(scope text, seen bigint)
    RETURNS TABLE (key text, revision bigint, value text, trimmed bigint, expires_in numeric, is_trim_due boolean)
    LANGUAGE plpgsql ${PLANNED} AS $body$
    BEGIN
      IF seen IS NULL THEN
        RETURN QUERY ${header}
        UNION ALL
        SELECT s.key, s.revision, s.value, ${nothing} FROM ${identifier}.slot s WHERE s.scope = look.scope;
      ELSE
        RETURN QUERY ${header}
        UNION ALL
        SELECT t.key, coalesce(s.revision, t.revision), s.value, ${nothing}
        FROM (
          SELECT k.key, max(k.revision) AS revision
          FROM ${identifier}.change c, unnest(c.keys, c.revisions) AS k (key, revision)
          WHERE c.scope = look.scope AND c.revision > seen GROUP BY k.key
        ) t LEFT JOIN LATERAL ${slotByKey(identifier, "look.scope", "t.key")} s ON true;
      END IF;
    END $body$;`;
}
