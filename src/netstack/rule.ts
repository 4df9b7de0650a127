// The rule: whether a newcomer may stand beside the holds of one port and one address.
//
// It looks at all of them together, not pair by pair: those that meet the newcomer must all have one flag in
// common with it. Holds of one device and destination are alike to it and stand in one group.

import { WILDCARD } from "../core/interned-address.ts";
import { FlagCounter } from "./flag-counter.ts";
import { ALL_FLAGS, TUPLE_ONLY } from "./flags.ts";
import { type Claim } from "./reservation.ts";

/** The holds of one port, address, device and destination, counted by their flags. */
export interface HoldGroup extends Omit<Claim, "bits"> {
  readonly counter: FlagCounter;
}

/** A plain hold, as a claim like any other. */
export const PLAIN: Claim = Object.freeze({
  bits: 0,
  device: 0,
  destination: WILDCARD,
  destinationPort: 0,
});

/** A group of one hold. */
export function groupOf(claim: Claim): HoldGroup {
  const { bits, device, destination, destinationPort } = claim;
  const counter = new FlagCounter();
  counter.add(bits);
  return { device, destination, destinationPort, counter };
}

/**
 * Whether `claim` may stand beside `groups`, the holds of one address.
 *
 * Two holds meet when one of them is on every device or both are on the same, and when their destinations
 * are the same or one of them has no address. A destination that differs leaves only the whole tuple to tell
 * the two apart, so that TupleOnly is the one flag such a hold has a say in.
 *
 * @param alone Whether nothing may be met at all, whatever the flags.
 */
export function admits(groups: Iterable<HoldGroup>, claim: Claim, alone: boolean): boolean {
  let shared = ALL_FLAGS;
  for (const group of groups) {
    if (group.device !== 0 && claim.device !== 0 && group.device !== claim.device) continue;
    if (group.destination === claim.destination && group.destinationPort === claim.destinationPort) {
      shared &= group.counter.shared;
    } else if (group.destination === WILDCARD || claim.destination === WILDCARD) {
      shared &= group.counter.shared | (ALL_FLAGS & ~TUPLE_ONLY);
    } else {
      continue;
    }
    if (alone || (shared & claim.bits) === 0) return false;
  }
  return true;
}
