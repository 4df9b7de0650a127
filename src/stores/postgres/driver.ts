// The driver `pg`, by shape: its types are those of its users, and it is loaded when a store is opened that needs it.

import { PortError } from "../../core/index.ts";

/** A statement as it is given to `pg`; every value of the answer is the text that the server sent. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode: "array";
  readonly types: { getTypeParser(): (text: string) => string };
}

/** A notice of another session (`NOTIFY`). */
export interface PostgresNotification {
  readonly channel: string;
  readonly payload?: string | undefined;
}

/** What the server answered to a statement. */
export interface PostgresAnswer {
  readonly rows: readonly unknown[];
}

/** A connected `Client` of the package `pg`, by shape. */
export interface PostgresClient {
  /** Answers by the callback, as `pg` does, or, where it knows none, by a promise of a `PostgresAnswer`. */
  query(
    query: PostgresQuery,
    callback: (error: Error | null | undefined, answer: PostgresAnswer) => void,
  ): unknown;
  on(event: "notification", listener: (notification: PostgresNotification) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  removeListener(event: "notification", listener: (notification: PostgresNotification) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "end", listener: () => void): unknown;
}

/** A client that a pool has lent. */
export interface PostgresPoolClient extends PostgresClient {
  /** Gives it back; `true`: it is of no use any more. */
  release(broken?: boolean): void;
}

/** A `Pool` of the package `pg`, by shape. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>;
}

/** A client that this package makes, and ends, itself. */
interface OwnClient extends PostgresClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  ref(): void;
  unref(): void;
  /** The socket, which ends at once. */
  readonly connection: { readonly stream: { destroy(): void } };
}

interface OwnClientOptions {
  readonly connectionString: string;
  readonly fallback_application_name: string;
  readonly connectionTimeoutMillis: number;
  readonly keepAlive: boolean;
}

export interface Driver {
  readonly Client: new (options: OwnClientOptions) => OwnClient;
}

/**
 * @throws PortError `DRIVER_MISSING` where `pg` is not installed.
 */
export async function loadDriver(): Promise<Driver> {
  // Not a literal: whoever bundles this package without PostgreSQL has no `pg` to bundle.
  const name: string = "pg";
  try {
    const { default: driver } = (await import(name)) as { readonly default: Driver };
    return driver;
  } catch (cause) {
    const message =
      "the package pg, which connects to PostgreSQL, is not installed here: run `npm install pg`, " +
      "or give `postgres()` a `client` or a `pool` of your own";
    throw new PortError("DRIVER_MISSING", message, { driver: "pg" }, { cause });
  }
}
