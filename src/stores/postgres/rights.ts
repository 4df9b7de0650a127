// Whose the schema is, and what its user needs there: what a server says of a right that is missing names neither.

import type { Link } from "./link.ts";
import type { SchemaName } from "./schema-name.ts";

export interface Rights {
  /** Whether the tables are there. */
  readonly isMade: boolean;
  /** What to do for a user that was refused something, with the statements that help. */
  readonly advice: string;
}

/** Where a server refuses before it can be asked: what it gives to everybody, unless somebody has taken it away. */
export const RIGHTS_OF_ALL =
  "by default every user may: GRANT CONNECT ON DATABASE … TO …, or GRANT EXECUTE ON FUNCTION … TO …, brings that back";

/** From the catalogue, which everybody may read; to_regclass() fails where the schema is another user's. */
const ASK = `
  SELECT m.oid IS NOT NULL, quote_ident(pg_get_userbyid(coalesce(m.relowner, n.nspowner))),
    quote_ident(current_user), quote_ident(current_database())
  FROM (SELECT) AS one
    LEFT JOIN pg_namespace n ON n.nspname = $1
    LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'meta' AND m.relkind IN ('r', 'p')`;

export async function askRights(
  link: Link,
  { name, identifier }: SchemaName,
  withinMs: number,
): Promise<Rights> {
  const [row = []] = await link.query(ASK, [name], withinMs);
  const [made, owner, user, database] = row;
  const isMade = made === "t";
  if (owner === null) {
    const grant = `GRANT CREATE ON DATABASE ${database} TO ${user}`;
    return {
      isMade,
      advice: `have an administrator say ${grant}, or CREATE SCHEMA ${identifier} AUTHORIZATION ${user}`,
    };
  }
  const grants = isMade
    ? [
        `USAGE ON SCHEMA ${identifier}`,
        `SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${identifier}`,
        `UPDATE ON ALL SEQUENCES IN SCHEMA ${identifier}`,
      ]
    : [`USAGE, CREATE ON SCHEMA ${identifier}`];
  const said = grants.map((grant) => `GRANT ${grant} TO ${user}`).join("; ");
  return { isMade, advice: `the schema belongs to ${owner}: connect as that user, or have it say ${said}` };
}
