// Where connections come from: made here, lent by the caller's pool, or the one that the caller has.

import type { Driver, PostgresClient, PostgresPool } from "./driver.ts";
import { ConnectionLost, reason, sqlState } from "./failure.ts";
import { Link } from "./link.ts";

export interface Source {
  /**
   * @throws ConnectionLost when there is no server, and what it answers when it refuses.
   */
  connect(): Promise<Link>;
}

export interface OwnConnections {
  readonly connectionString: string;
  readonly timeoutMs: number;
}

export function ownConnections(driver: Driver, { connectionString, timeoutMs }: OwnConnections): Source {
  return {
    async connect() {
      const client = new driver.Client({
        connectionString,
        fallback_application_name: "moorage",
        connectionTimeoutMillis: timeoutMs,
        keepAlive: true,
      });
      // Between the connection and the link, or after both.
      client.on("error", () => {});
      await connected(client.connect());
      const letGo = (broken: boolean): void => {
        if (broken) client.connection.stream.destroy();
        else void client.end().catch(() => {});
      };
      const keep = (process: "running" | "free to end"): void =>
        process === "running" ? client.ref() : client.unref();
      return new Link(client, { letGo, keep });
    },
  };
}

export function poolConnections(pool: PostgresPool): Source {
  return {
    async connect() {
      const client = await connected(pool.connect());
      return new Link(client, { letGo: (broken) => client.release(broken), keep: () => {} });
    },
  };
}

/** One for everything. Once it is lost, there is no other. */
export function oneConnection(client: PostgresClient): Source {
  const link = new Link(client, { letGo: () => {}, keep: () => {} });
  return {
    async connect() {
      if (link.isLost) throw new ConnectionLost("the client that it was given has lost its connection");
      return link;
    },
  };
}

/** What `pg` says of itself, by a part of it, and what a user is told. */
const SAID: readonly (readonly [string, string])[] = [
  [
    "client password must be a",
    "it wants a password, and there is none; give one in the URL, or in PGPASSWORD",
  ],
  ["does not support SSL", "it has no TLS; leave `sslmode` out of the URL, or turn `ssl` on there"],
];

async function connected<Client>(connecting: Promise<Client>): Promise<Client> {
  try {
    return await connecting;
  } catch (error) {
    if (sqlState(error) !== undefined) throw error;
    const said = reason(error);
    const [, why = said] = SAID.find(([part]) => said.includes(part)) ?? [];
    throw new ConnectionLost(why, { cause: error });
  }
}
