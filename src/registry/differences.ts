// What a request asks for that a name has otherwise: none, and the name's ports are what is asked for.

import { type GrantedClaim, hasTimeLimit, type NameRecord } from "../contract/index.ts";
import { allows, type Request } from "./request.ts";

/** In words, as in "udp instead of tcp". */
export interface Difference {
  readonly asked: string;
  readonly has: string;
}

/** What the request asks for that a lease of the name has otherwise. */
export function differencesFrom(request: Request, record: NameRecord, claim: GrantedClaim): Difference[] {
  const found = portDifferences(request, record);
  const hasLimit = hasTimeLimit(claim);
  if (hasLimit === (request.ttlMs !== null)) return found;
  const [asked, has] = hasLimit ? ["no time limit", "one"] : ["a time limit", "none"];
  return [...found, { asked, has }];
}

/** The same of ports that a name has; what the request does not say is as the name has it. */
export function portDifferences(request: Request, { protocols, addresses, ports }: NameRecord): Difference[] {
  const { count, pool, prefer } = request;
  const found: Difference[] = [];
  if (!sameMembers(protocols, request.protocols)) {
    found.push({ asked: request.protocols.join("+"), has: protocols.join("+") });
  }
  if (!sameMembers(addresses, request.addresses)) {
    found.push({ asked: request.addresses.join(", "), has: addresses.join(", ") });
  }
  if (request.saysCount && ports.length !== count) {
    found.push({ asked: `${count} ${count === 1 ? "port" : "ports"}`, has: String(ports.length) });
  }
  if (!ports.every((port) => port === prefer || allows(request, port))) {
    found.push({ asked: `${pool.size === 1 ? "port" : "a port of"} ${String(pool)}`, has: ports.join(", ") });
  }
  return found;
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
