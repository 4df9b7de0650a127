// Short ways to say a reservation in a test.

import { PortError, type PortErrorCode } from "../../src/core/errors.ts";
import { type Flags, IPV4, type Reservation, TCP } from "../../src/netstack/index.ts";

/** TCP on IPv4, 10.0.0.1 port 80, and what the test says otherwise. */
export function on(rest: Partial<Reservation> = {}): Reservation {
  return { networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 80, ...rest };
}

/** Flags said as bits: 1 mostRecent, 2 loadBalanced, 4 tupleOnly. */
export function flagsOf(bits: number): Flags {
  return { mostRecent: (bits & 1) !== 0, loadBalanced: (bits & 2) !== 0, tupleOnly: (bits & 4) !== 0 };
}

/** What a call gives: its value, or the code of the PortError that it throws. */
export function outcome<T>(call: () => T): T | PortErrorCode {
  try {
    return call();
  } catch (error) {
    if (PortError.is(error)) return error.code;
    throw error;
  }
}
