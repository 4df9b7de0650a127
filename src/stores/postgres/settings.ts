// What a server must be and be set to, asked on each new connection: after a failover it is another one.

import { ConnectionLost, unavailable } from "./failure.ts";
import type { Link } from "./link.ts";

export interface ServerOptions {
  /** As messages name the store. */
  readonly name: string;
  readonly allowUnsafeDurability: boolean;
}

/** Which database this is, and which of its histories: both change where commits may have been lost. */
export interface Server {
  /** The cluster, and the timeline that begins with each failover and each recovery to a point in time. */
  readonly history: string;
  /** Whether it loses commits that it acknowledged. */
  readonly isUnsafe: boolean;
}

/** The oldest that is tested, and that PostgreSQL itself still supports. */
const OLDEST = 150_000;

/** In a standby there is no log of its own to ask for. */
const ASK = `
  SELECT current_setting('server_version_num'), current_setting('server_version'), pg_is_in_recovery(),
    current_setting('default_transaction_read_only'), current_setting('server_encoding'), current_setting('fsync'),
    current_setting('full_page_writes'), current_setting('synchronous_commit'),
    current_setting('synchronous_standby_names') <> '',
    (SELECT system_identifier FROM pg_control_system()) || '/' ||
      CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;

/**
 * @throws PortError `STORE_UNAVAILABLE` for a server that is too old, or loses what it acknowledges; ConnectionLost for one
 * that only reads.
 */
export async function checkServer(
  link: Link,
  withinMs: number,
  { name, allowUnsafeDurability }: ServerOptions,
): Promise<Server> {
  const [row = []] = await link.query(ASK, [], withinMs);
  const [number, version, isStandby, readOnly, encoding, fsync, fullPages, commit, hasStandby, history] = row;
  if (Number(number) < OLDEST) throw unavailable(name, `it is PostgreSQL ${version}; 15 or newer is needed`);
  // During a failover, that is what a connection can lead to for a while.
  if (isStandby === "t") {
    throw new ConnectionLost("it is a standby, which only reads; connect to the primary server");
  }
  if (readOnly === "on") {
    throw new ConnectionLost("default_transaction_read_only is on; connect to a server that writes");
  }
  if (encoding !== "UTF8") {
    throw unavailable(name, `the database has the encoding ${encoding}; name one that has UTF8`);
  }
  const risk = riskOf({ fsync, fullPages, commit, hasStandby: hasStandby === "t" });
  if (risk && !allowUnsafeDurability) {
    const what = "set it right for this user or database, or say `allowUnsafeDurability: true`";
    throw unavailable(name, `${risk}: a port could be granted twice; ${what}`);
  }
  return { history: history ?? "", isUnsafe: risk !== undefined };
}

interface Durability {
  readonly fsync: string | null | undefined;
  readonly fullPages: string | null | undefined;
  readonly commit: string | null | undefined;
  readonly hasStandby: boolean;
}

/** @see https://www.postgresql.org/docs/15/runtime-config-wal.html */
function riskOf({ fsync, fullPages, commit, hasStandby }: Durability): string | undefined {
  if (fsync !== "on") return "fsync is off, so that a power cut loses grants or damages the database";
  if (fullPages !== "on") return "full_page_writes is off, so that a power cut can damage the database";
  if (commit === "off") return "synchronous_commit is off, so that a crash of the server loses grants";
  if (commit === "local" && hasStandby) {
    return "synchronous_commit is local, so that a failover to the synchronous standby loses grants";
  }
  return undefined;
}
