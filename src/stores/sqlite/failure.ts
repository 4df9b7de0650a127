// What the user is told when SQLite refuses: which file, what is wrong with it, what to do.

import { PortError } from "../../core/index.ts";
import { isError, resultCode, SQLITE } from "./driver.ts";

/** `error` as a PortError when SQLite threw it, any other error as it is. */
export function storeFailure(error: unknown, path: string): unknown {
  switch (resultCode(error)) {
    case undefined:
      return error;
    // A statement that does not fit: these are not the tables of this format.
    case SQLITE.ERROR:
    case SQLITE.NOTADB:
    case SQLITE.CORRUPT:
      return storeDamaged(path, reason(error), error);
    case SQLITE.FULL:
      return unavailable(path, "the disk is full", error);
    case SQLITE.READONLY:
    case SQLITE.PERM:
    case SQLITE.CANTOPEN:
      return unavailable(path, `it cannot be written (${reason(error)})`, error);
    default:
      return unavailable(path, reason(error), error);
  }
}

/** @see PortErrorDetails.STORE_DAMAGED */
export function storeDamaged(path: string, why: string, cause?: unknown): PortError<"STORE_DAMAGED"> {
  const message =
    `the database ${path} is damaged or not Moorage's: ${why}; \`moorage doctor\` says more, and ` +
    "`moorage doctor --repair` saves what can be read";
  return new PortError("STORE_DAMAGED", message, { path }, { cause });
}

/** @see PortErrorDetails.STORE_UNAVAILABLE */
export function unavailable(path: string, why: string, cause?: unknown): PortError<"STORE_UNAVAILABLE"> {
  return new PortError(
    "STORE_UNAVAILABLE",
    `the state in ${path} cannot be used: ${why}`,
    { path },
    { cause },
  );
}

export function reason(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
