// The exit codes of the command line, in one place.

import { PortError, type PortErrorCode } from "../core/index.ts";

export const EXIT = {
  OK: 0,
  ERROR: 1,
  NOT_FOUND: 2,
  NO_PORT: 3,
  TIMED_OUT: 4,
  HELD: 5,
  /** sysexits.h, EX_USAGE. */
  USAGE: 64,
  /** `run` only: its own failures, whatever they are, so that they are told from the command's. */
  RUN_FAILED: 125,
  /** `run` only: the command was found but could not be started. */
  NOT_EXECUTABLE: 126,
  /** `run` only: there is no such command. */
  NO_COMMAND: 127,
  /** `run` only: the command was ended by signal n: 128 + n. */
  SIGNALLED: 128,
} as const;

const CODES: Partial<Record<PortErrorCode, number>> = {
  NO_PORT_AVAILABLE: EXIT.NO_PORT,
  LEASE_NOT_FOUND: EXIT.NOT_FOUND,
  PROCESS_NOT_FOUND: EXIT.NOT_FOUND,
  STORE_BUSY: EXIT.TIMED_OUT,
  NAME_HELD: EXIT.HELD,
  LEASE_HELD: EXIT.HELD,
  PORT_IN_USE: EXIT.HELD,
  INVALID_PORT: EXIT.USAGE,
  INVALID_PORT_RANGE: EXIT.USAGE,
  INVALID_ADDRESS: EXIT.USAGE,
  UNKNOWN_PROTOCOL: EXIT.USAGE,
};

export function exitCodeOf(error: unknown): number {
  if (PortError.is(error)) return CODES[error.code] ?? EXIT.ERROR;
  return isMisuse(error) ? EXIT.USAGE : EXIT.ERROR;
}

/** What stands between "moorage:" and the message: the error's stable code. */
export function errorCodeOf(error: unknown): string {
  if (PortError.is(error)) return error.code;
  return isMisuse(error) ? "USAGE" : "INTERNAL";
}

/** The library throws a TypeError or RangeError that begins with the option in backticks for a misuse. */
function isMisuse(error: unknown): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && error.message.startsWith("`");
}
