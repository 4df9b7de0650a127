// What the user is told when PostgreSQL refuses, or is not there: which server, what is wrong, what to do.

import { PortError } from "../../core/index.ts";

/** The connection ended, or did not answer in time. What was sent over it may have been done or not. */
export class ConnectionLost extends Error {}

/** Codes of PostgreSQL that have a meaning here (https://www.postgresql.org/docs/15/errcodes-appendix.html). */
export const SQLSTATE = {
  EXCLUSION_VIOLATION: "23P01",
  INVALID_AUTHORIZATION: "28000",
  INVALID_PASSWORD: "28P01",
  INVALID_CATALOG: "3D000",
  SERIALIZATION_FAILURE: "40001",
  DEADLOCK: "40P01",
  PERMISSION: "42501",
  UNDEFINED_COLUMN: "42703",
  UNDEFINED_FUNCTION: "42883",
  UNDEFINED_TABLE: "42P01",
  DISK_FULL: "53100",
  TOO_MANY_CONNECTIONS: "53300",
  LOCK_NOT_AVAILABLE: "55P03",
  QUERY_CANCELED: "57014",
  CANNOT_CONNECT_NOW: "57P03",
  INDEX_ROW_TOO_LARGE: "54000",
  /** Ours: see procedures.ts. */
  NOT_MOORAGES: "MR001",
} as const;

/** What to do about an answer of a server that is there. */
const ADVICE: Readonly<Record<string, string>> = {
  [SQLSTATE.INVALID_AUTHORIZATION]:
    "look at the user, which is PGUSER's where the URL names none, and whom pg_hba.conf of the server lets in",
  [SQLSTATE.INVALID_PASSWORD]:
    "look at the user and the password, which are those of PGUSER and PGPASSWORD where the URL has none",
  [SQLSTATE.INVALID_CATALOG]: "name one in the URL that is there, or make it (CREATE DATABASE)",
  [SQLSTATE.DISK_FULL]: "make room on its disk",
  [SQLSTATE.TOO_MANY_CONNECTIONS]:
    "let fewer processes connect, or raise the limit of the server or the user",
  [SQLSTATE.CANNOT_CONNECT_NOW]: "try again when it has started",
};

/** The code of an error that the server answered with, or `undefined` for any other error. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : undefined;
}

/** Whether the error ends the connection that it came over: its own end, the server's, or an administrator's. */
export function isConnectionLost(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined) return true;
  return code.startsWith("08") || code.startsWith("57P");
}

/** Whether the server is there, and can be asked again in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  const code = sqlState(error);
  return (
    code === SQLSTATE.SERIALIZATION_FAILURE ||
    code === SQLSTATE.DEADLOCK ||
    code === SQLSTATE.CANNOT_CONNECT_NOW ||
    code === SQLSTATE.TOO_MANY_CONNECTIONS
  );
}

/** Whether an administrator, or a time limit of the server, has ended the statement alone. */
export function isCanceled(error: unknown): boolean {
  return sqlState(error) === SQLSTATE.QUERY_CANCELED;
}

export interface FailureOptions {
  /** As messages name the store. */
  readonly name: string;
  readonly waitedMs: number;
  /** What to do about a right that the user has not got. */
  readonly adviceOnRights: () => string;
}

/** `error` as a PortError when the server or the connection is the cause, any other error as it is. */
export function storeFailure(error: unknown, { name, waitedMs, adviceOnRights }: FailureOptions): unknown {
  if (error instanceof ConnectionLost) return unavailable(name, reason(error), error);
  const code = sqlState(error);
  switch (code) {
    case undefined:
      return error;
    case SQLSTATE.LOCK_NOT_AVAILABLE:
    case SQLSTATE.QUERY_CANCELED: {
      const message = `others kept ${name} locked for ${waitedMs} ms (${reason(error)})`;
      return new PortError("STORE_BUSY", message, { waitedMs }, { cause: error });
    }
    case SQLSTATE.UNDEFINED_TABLE:
    case SQLSTATE.UNDEFINED_COLUMN:
    case SQLSTATE.UNDEFINED_FUNCTION:
    case SQLSTATE.NOT_MOORAGES:
      return storeDamaged(name, reason(error), error);
    case SQLSTATE.INDEX_ROW_TOO_LARGE:
      return new RangeError(`\`key\`: expected one of at most 2,000 bytes (${reason(error)})`, {
        cause: error,
      });
    case SQLSTATE.EXCLUSION_VIOLATION:
      return new TypeError("`changes`: expected blocks that do not overlap, received two that do", {
        cause: error,
      });
    case SQLSTATE.PERMISSION:
      return unavailable(name, `${reason(error)}; ${adviceOnRights()}`, error);
    default:
      return unavailable(name, `${reason(error)}; ${ADVICE[code] ?? "its log says more"}`, error);
  }
}

/** @see PortErrorDetails.STORE_DAMAGED */
function storeDamaged(name: string, why: string, cause?: unknown): PortError<"STORE_DAMAGED"> {
  const message =
    `${name} is damaged or not Moorage's: ${why}; restore it from a backup, ` +
    "or use another `schema`, which is made when it is not there";
  return new PortError("STORE_DAMAGED", message, { path: name }, { cause });
}

/** @see PortErrorDetails.STORE_UNAVAILABLE */
export function unavailable(name: string, why: string, cause?: unknown): PortError<"STORE_UNAVAILABLE"> {
  return new PortError("STORE_UNAVAILABLE", `${name} cannot be used: ${why}`, { path: name }, { cause });
}

export function reason(error: unknown): string {
  // Node gives a host name with several addresses one error for all of them, which says nothing itself.
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(reason).join(", ");
  }
  return error instanceof Error ? error.message : String(error);
}
