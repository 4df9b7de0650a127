// The kernel's rule: which two bindings of one port can stand side by side.
//
// It reproduces all 332,928 pairs measured on Linux 6.18 and 6.12 (test/core/conflict.test.ts). Among three
// and more sockets it is exact as long as none has SO_REUSEPORT; with it the kernel is at times laxer, never
// stricter.

import { type Binding, coverV4, coverV6 } from "./binding.ts";
import { WILDCARD } from "./interned-address.ts";

/** Whether bind() of `incoming` fails with EADDRINUSE because of `existing`, on the same port. */
export function conflictsAtBind(existing: Binding, incoming: Binding): boolean {
  if (!touches(existing, incoming) || shareByPort(existing, incoming)) return false;
  const existingListens = existing.protocol === "tcp" && existing.listening;
  return !(existing.reuseAddress && incoming.reuseAddress && !existingListens);
}

/** Whether listen() of `incoming`, already bound beside `existing`, fails with EADDRINUSE. */
export function conflictsAtListen(existing: Binding, incoming: Binding): boolean {
  const existingListens = existing.protocol === "tcp" && existing.listening;
  return existingListens && touches(existing, incoming) && !shareByPort(existing, incoming);
}

/** Whether two bindings of one port claim an address in common, by one protocol, on overlapping devices. */
function touches(a: Binding, b: Binding): boolean {
  if (a.protocol !== b.protocol) return false;
  if (a.device !== "" && b.device !== "" && a.device !== b.device) return false;
  return meet(coverV4(a), coverV4(b)) || meet(coverV6(a), coverV6(b));
}

function meet(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a === b || a === WILDCARD || b === WILDCARD;
}

/** SO_REUSEPORT shares among the sockets of one user that all have it. */
function shareByPort(a: Binding, b: Binding): boolean {
  return a.reusePort && b.reusePort && a.user === b.user;
}
