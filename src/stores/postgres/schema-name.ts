// The schema of a store in what is said to the server: its name, its lock, and how its functions are planned.

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

/** An identifier within a text. */
export function escaped(identifier: string): string {
  return identifier.replaceAll("'", "''");
}

/** The key of the advisory lock of a schema; "moor", and its name. */
export function schemaLock({ literal }: SchemaName): string {
  return `1836019570, hashtext(${literal})`;
}

/**
 * How functions are planned: once in a connection, to find rows by their keys. What the server knows of a table's size can be
 * from a time when it was empty; then it would read all of it each time. Or it takes a few rows for a hundred thousand,
 * and starts processes to help it or compiles the statement first, for thirty milliseconds each time.
 */
export const PLANNED: string = [
  "SET plan_cache_mode = force_generic_plan",
  "SET enable_seqscan = off",
  "SET enable_hashjoin = off",
  "SET enable_mergejoin = off",
  "SET max_parallel_workers_per_gather = 0",
  "SET jit = off",
].join(" ");
