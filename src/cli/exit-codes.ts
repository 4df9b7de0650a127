// The exit codes of the command line and the errors that are its own, in one place.

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
  NAME_KEPT: EXIT.HELD,
  LEASE_HELD: EXIT.HELD,
  PORT_IN_USE: EXIT.HELD,
  INVALID_PORT: EXIT.USAGE,
  INVALID_PORT_RANGE: EXIT.USAGE,
  INVALID_ADDRESS: EXIT.USAGE,
  UNKNOWN_PROTOCOL: EXIT.USAGE,
  INVALID_CONFIG: EXIT.USAGE,
};

/** The time to wait was over: why there was still nothing. */
export class WaitOver extends Error {
  constructor(seconds: number, refusal: Error) {
    super(`after ${seconds} s still ${refusal.message}`, { cause: refusal });
  }
}

/** Data that could not be written to stdout: a full disk, a device that is gone. */
export class OutputError extends Error {
  constructor(cause: Error) {
    super(`cannot write to stdout: ${cause.message}`, { cause });
  }
}

export function exitCodeOf(error: unknown): number {
  if (PortError.is(error)) return CODES[error.code] ?? EXIT.ERROR;
  if (error instanceof WaitOver) return EXIT.TIMED_OUT;
  return isMisuse(error) ? EXIT.USAGE : EXIT.ERROR;
}

/** What stands between "moorage:" and the message: the error's stable code. */
export function errorCodeOf(error: unknown): string {
  if (PortError.is(error)) return error.code;
  if (error instanceof OutputError) return "OUTPUT_FAILED";
  if (error instanceof WaitOver) return "TIMED_OUT";
  return isMisuse(error) ? "USAGE" : "INTERNAL";
}

/**
 * The library throws a TypeError or RangeError for a misuse; it begins with the option in backticks, or with
 * the call where the options as a whole are wrong.
 */
function isMisuse(error: unknown): boolean {
  return (
    (error instanceof TypeError || error instanceof RangeError) &&
    /^(?:`|\w+: (?:unknown option|expected an options object))/u.test(error.message)
  );
}
