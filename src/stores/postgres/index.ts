/**
 * A store for many machines: PostgreSQL 15 or newer, over the package `pg`.
 *
 * @module
 */

export type {
  PostgresClient,
  PostgresNotification,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
} from "./driver.ts";
export { parsePostgresUrl, postgres, type PostgresOptions } from "./engine.ts";
