// The schema of a store in what is said to the server: its name, and the lock that is named after it.

/** The name of a schema, as it stands in SQL and as text. */
export interface SchemaName {
  readonly name: string;
  readonly identifier: string;
  readonly literal: string;
}

export function schemaName(schema: string): SchemaName {
  return {
    name: schema,
    identifier: `"${schema.replaceAll('"', '""')}"`,
    literal: `'${schema.replaceAll("'", "''")}'`,
  };
}

/** Waits for the turn to change something, which is had until the transaction ends. */
export function turnOf({ literal }: SchemaName): string {
  // "moor", and a lock for each schema.
  return `pg_advisory_xact_lock(1836019570, hashtext(${literal}))`;
}
