// What to do next, for errors whose message does not say it: the library cannot, for it knows of no commands.

import { isAbsolute } from "node:path";
import { type AnyPortError, PortError, type PortErrorCode } from "../core/index.ts";

const NEXT: Partial<Record<PortErrorCode, string>> = {
  LEASE_NOT_FOUND: "`moorage ls` shows what there is",
  LEASE_LOST: "ask for the port again before it is used further",
  PROCESS_NOT_FOUND: "give the pid of a process that runs",
  STORE_BUSY: "try again, and see `moorage doctor` if it stays so",
  STORE_UNAVAILABLE: "make room or give access, or name another folder with MOORAGE_DIR",
  HOST_UNSUPPORTED: "`moorage doctor` says what is missing",
};

/** The same of an engine, which goes by its name and has no path. */
const NEXT_ON_ENGINE = "look whether it runs, and can be reached from here as MOORAGE_STORE says";

function nextOf(error: AnyPortError): string | undefined {
  const isEngine = error.code === "STORE_UNAVAILABLE" && !isAbsolute(error.path);
  return isEngine ? NEXT_ON_ENGINE : NEXT[error.code];
}

/** The message of an error with what to do next; one that has advice behind a semicolon stays as it is. */
export function withNextStep(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const next = PortError.is(error) && !error.message.includes("; ") ? nextOf(error) : undefined;
  return next === undefined ? error.message : `${error.message}; ${next}`;
}
