// What etcd says no with, and what a user is told: which etcd, what is wrong, what to do.

import { PortError } from "../../core/index.ts";
import type { ErrorAnswer } from "./messages.ts";

/** The codes of gRPC that are told apart here. */
const CODE = {
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
} as const;

const FINAL: ReadonlySet<number> = new Set([
  CODE.INVALID_ARGUMENT,
  CODE.NOT_FOUND,
  CODE.PERMISSION_DENIED,
  CODE.FAILED_PRECONDITION,
  CODE.OUT_OF_RANGE,
  CODE.UNIMPLEMENTED,
]);

const UNTOUCHED = ["etcdserver: no leader", "proposal dropped", "too many requests"];

/** How much of an answer is shown that is nothing that etcd answers. */
const MOST_SHOWN = 200;

/** An answer of etcd that is an error. */
export class Refusal extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

export function refusalOf(status: number, text: string): Refusal {
  let answer: ErrorAnswer = {};
  try {
    answer = JSON.parse(text) as ErrorAnswer;
  } catch {
    // Not etcd's own: a proxy's page, or nothing at all.
  }
  const { error } = answer;
  const inner = typeof error === "object" ? error : { message: answer.message, grpc_code: answer.code };
  const message = inner.message ?? `HTTP status ${status}: ${text.trim().slice(0, MOST_SHOWN)}`;
  // A server may be behind a proxy that does not reach it now; any other page is not etcd's.
  const other = status >= 500 ? CODE.UNKNOWN : CODE.UNIMPLEMENTED;
  return new Refusal(message, inner.grpc_code ?? other);
}

/** The token of a user is not known any more, or rights have changed since it was made. */
export function isTokenOld({ code, message }: Refusal): boolean {
  return code === CODE.UNAUTHENTICATED || message.includes("revision of auth store is old");
}

/** What was asked for is older than what is kept. */
export function isCompacted(error: unknown): boolean {
  return error instanceof Refusal && error.code === CODE.OUT_OF_RANGE;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Refusal && error.code === CODE.NOT_FOUND;
}

/** Whether a member says that it has passed nothing on: it knows of no leader, or has too much to do. */
export function isUntouched({ message }: Refusal): boolean {
  return UNTOUCHED.some((text) => message.includes(text));
}

/** Whether it is of no use to ask again, or another member: then nothing was done either. */
export function isFinal({ code, message }: Refusal): boolean {
  if (code === CODE.RESOURCE_EXHAUSTED) return message.includes("space exceeded");
  return FINAL.has(code);
}

/** What the user can do about a refusal. */
export function adviceOn({ code, message }: Refusal): string {
  if (message.includes("space exceeded")) {
    return "; compact it, run `etcdctl defrag` and `etcdctl alarm disarm`, or raise its --quota-backend-bytes";
  }
  if (message.includes("user name is empty")) return "; it wants a user and a password";
  if (message.includes("invalid user ID or password")) return "; look at the user and the password";
  if (message.includes("authentication is not enabled"))
    return "; leave user and password out, or have it ask for them: `etcdctl auth enable`";
  if (code === CODE.PERMISSION_DENIED)
    return "; the user needs the rights to read and write all keys of the prefix";
  if (message.startsWith("HTTP status"))
    return "; its JSON gateway is asked for at /v3, which is there from etcd 3.4 on";
  return "; its log says more";
}

/** @see PortErrorDetails.STORE_UNAVAILABLE */
export function unavailable(name: string, why: string, cause?: unknown): PortError<"STORE_UNAVAILABLE"> {
  return new PortError("STORE_UNAVAILABLE", `${name} cannot be used: ${why}`, { path: name }, { cause });
}

/** @see PortErrorDetails.STORE_DAMAGED */
export function damaged(name: string, why: string): PortError<"STORE_DAMAGED"> {
  return new PortError("STORE_DAMAGED", `what ${name} has is not Moorage's: ${why}`, { path: name });
}
