// Whether a server is up: something listens where its clients will knock, and it is nobody else's.
//
// Clients say `localhost`, which is 127.0.0.1 to some and ::1 to others; most that find one of them closed try the
// other one. A listener is reached by it when it is on 127.0.0.1, on ::1, or on the wildcard address of a family: one
// of these is enough, as most servers listen on one family alone. But somebody else's listener on the other address
// would be found by some of the clients: while there is one, the server is not up. Whoever leased certain addresses
// means those. Nothing is connected to: a connect() to a port where nobody listens yet can meet itself, and then
// the port is blocked for a minute.

import type { Listener } from "../contract/index.ts";
import type { LeaseInfo } from "../registry/index.ts";
import { byPort, meeting } from "./meeting.ts";
import { ownershipOf } from "./ownership.ts";

/** What stands on ports that somebody waits for. */
export interface Readiness {
  /** Whether every port has a listener that will do, and none of somebody else's. */
  readonly isReady: boolean;
  /** Those of somebody else where clients would find them. */
  readonly foreign: readonly Listener[];
  /** Those that would do, but for their address, which `localhost` does not reach. */
  readonly unreached: readonly Listener[];
}

const REACHED_BY_LOCALHOST: ReadonlySet<string> = new Set(["127.0.0.1", "0.0.0.0", "::1", "::"]);
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Whether the lease's own server is up on every port of it, by any protocol of the lease. */
export function readinessOf(
  lease: Omit<LeaseInfo, "state">,
  listeners: readonly Listener[],
  viewer: number | null,
): Readiness {
  const isWhole = lease.addresses.some((address) => WILDCARDS.has(address));
  const found = meeting(lease, byPort(listeners));
  const reached = found.filter((listener) => !isWhole || isReached(listener));
  const isForeign = (listener: Listener): boolean => ownershipOf(listener, lease, viewer) === "foreign";
  const foreign = reached.filter(isForeign);
  const served = new Set(reached.filter((listener) => !isForeign(listener)).map(({ port }) => port));
  return {
    isReady: foreign.length === 0 && lease.ports.every((port) => served.has(port)),
    foreign,
    unreached: found.filter((listener) => !reached.includes(listener) && !isForeign(listener)),
  };
}

/** Whether any server is up on a port that nobody leased. */
export function readinessOfPort(port: number, listeners: readonly Listener[]): Readiness {
  const found = listeners.filter((listener) => listener.port === port);
  return {
    isReady: found.some(isReached),
    foreign: [],
    unreached: found.filter((listener) => !isReached(listener)),
  };
}

function isReached({ address }: Listener): boolean {
  return REACHED_BY_LOCALHOST.has(address);
}
