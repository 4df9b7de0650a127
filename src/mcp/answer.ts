// What a tool answers: data, and its text for clients that read no data; or why not, with a stable code and what to do
// next.

import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { PortError, type PortErrorCode } from "../core/index.ts";

/** The time to wait is over. */
export class NotReady extends Error {}

/** Runs a tool, and turns whatever comes of it into an answer. */
export async function answer(call: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const data = await call();
    return { content: [{ type: "text", text: JSON.stringify(data) }], structuredContent: data };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const text = `${codeOf(error)}: ${message}\nNext: ${nextStep(error)}`;
    return { content: [{ type: "text", text }], isError: true };
  }
}

const MISUSED = "call again with what is expected";

const NEXT: Partial<Record<PortErrorCode, string>> = {
  INVALID_PORT: MISUSED,
  INVALID_PORT_RANGE: MISUSED,
  INVALID_ADDRESS: MISUSED,
  UNKNOWN_PROTOCOL: MISUSED,
  NAME_HELD: "it runs already: use its port, which `list` shows; or acquire another service",
  NAME_KEPT: "leave `ports` out, or ask the user for `moorage release --give-up`",
  NO_PORT_AVAILABLE: "leave `ports` out, or give more of them; `list` shows who has them",
  LEASE_NOT_FOUND: "`list` shows what there is",
  LEASE_HELD: "it is another process's: leave it alone, or ask the user for `moorage release --force`",
  PROCESS_NOT_FOUND: "give the `pid` of a process that runs, or none",
  INVALID_CONFIG: "mend the file",
  STORE_BUSY: "try again",
  STORE_DAMAGED: "ask the user for `moorage doctor --repair`",
  HOST_UNSUPPORTED: "do without this tool: the system does not tell",
};

function nextStep(error: unknown): string {
  if (PortError.is(error)) return NEXT[error.code] ?? "ask the user for `moorage doctor`";
  if (error instanceof NotReady)
    return "see with `who` who is there, and in the output of the server why it does not listen";
  if (isMisuse(error)) return MISUSED;
  return "ask the user for `moorage doctor`";
}

function codeOf(error: unknown): string {
  if (PortError.is(error)) return error.code;
  if (error instanceof NotReady) return "TIMED_OUT";
  return isMisuse(error) ? "USAGE" : "INTERNAL";
}

/** The library throws one of these for a misuse, which begins with the option in backticks. */
function isMisuse(error: unknown): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && error.message.startsWith("`");
}
