// The holds of one network and one transport.
//
// The index has a bit for every (address, port) with a hold. A plain hold is that bit and nothing else; holds
// with flags, device or destination stand in groups beside it. So a bit without groups is one plain hold, and
// where there are groups they tell everything: a plain hold among them has a group too while they are there.

import { type InternedAddress, WILDCARD } from "../core/interned-address.ts";
import { PortIndex } from "../core/port-index.ts";
import type { PortUnion } from "../core/port-union.ts";
import { type Claim } from "./reservation.ts";
import { admits, groupOf, type HoldGroup, PLAIN } from "./rule.ts";

/** The groups of one address and port, by device and destination. */
type Groups = Map<string, HoldGroup>;

const PLAIN_KEY = keyOf(PLAIN);

export class PortSpace {
  readonly #index = new PortIndex();
  /** By port, then by address. */
  readonly #groups = new Map<number, Map<string, Groups>>();
  /** Whether there are any: asked for each plain hold that goes, and a field is faster than a Map's size. */
  #hasGroups = false;

  /**
   * Whether the rule lets a hold in.
   *
   * @param claim `undefined` for a plain hold, here and below.
   * @param alone Whether it must not share the port, whatever its flags.
   */
  admits(address: InternedAddress, port: number, claim: Claim | undefined, alone: boolean): boolean {
    if (this.#index.isFree(address, port)) return true;
    return claim !== undefined && this.#admitsClaim(address, port, claim, alone);
  }

  #admitsClaim(address: InternedAddress, port: number, claim: Claim, alone: boolean): boolean {
    const byAddress = this.#groups.get(port);
    if (address.key !== WILDCARD) {
      const [wildcard, own] = [byAddress?.get(WILDCARD), byAddress?.get(address.key)];
      return (
        admitsBeside(wildcard, this.#index.hasWildcard(port), claim, alone) &&
        admitsBeside(own, this.#index.has(address, port), claim, alone)
      );
    }
    if (byAddress) {
      for (const groups of byAddress.values()) if (!admits(groups.values(), claim, alone)) return false;
    }
    // Addresses beyond those with groups have a plain hold each, and all of these are alike to the rule.
    const plainElsewhere = this.#index.holders(port) > (byAddress?.size ?? 0);
    return !plainElsewhere || admits([groupOf(PLAIN)], claim, alone);
  }

  /** Whether a hold of exactly this address, port, device and destination lets another one in. */
  admitsTuple(address: InternedAddress, port: number, claim: Claim = PLAIN): boolean {
    const groups = this.#groups.get(port)?.get(address.key);
    if (groups) {
      const group = groups.get(keyOf(claim));
      return group === undefined || (group.counter.shared & claim.bits) !== 0;
    }
    return !this.#index.has(address, port) || keyOf(claim) !== PLAIN_KEY;
  }

  /** Puts a plain hold in where `admits` would let it; false where it would not, and nothing changes. */
  takePlain(address: InternedAddress, port: number): boolean {
    return this.#index.take(address, port);
  }

  /** Puts a hold in, which `admits` or `admitsTuple` has let in. */
  add(address: InternedAddress, port: number, claim: Claim | undefined): void {
    const fresh = this.#index.add(address, port);
    if (!fresh || claim !== undefined) this.#addToGroups(address, port, claim ?? PLAIN, fresh);
  }

  #addToGroups(address: InternedAddress, port: number, added: Claim, fresh: boolean): void {
    const byAddress = this.#groups.get(port) ?? new Map<string, Groups>();
    const groups: Groups = byAddress.get(address.key) ?? new Map<string, HoldGroup>();
    if (!fresh && groups.size === 0) groups.set(PLAIN_KEY, groupOf(PLAIN));
    const key = keyOf(added);
    const group = groups.get(key);
    if (group) group.counter.add(added.bits);
    else groups.set(key, groupOf(added));
    byAddress.set(address.key, groups);
    this.#groups.set(port, byAddress);
    this.#hasGroups = true;
  }

  /** Takes one hold out; nothing changes when there is none just like it. */
  remove(address: InternedAddress, port: number, claim: Claim | undefined): void {
    if (this.#hasGroups && this.#groups.get(port)?.has(address.key)) {
      this.#removeFromGroups(address, port, claim ?? PLAIN);
    } else if (claim === undefined) {
      this.#index.delete(address, port);
    }
  }

  #removeFromGroups(address: InternedAddress, port: number, removed: Claim): void {
    const byAddress = this.#groups.get(port)!;
    const groups = byAddress.get(address.key)!;
    const key = keyOf(removed);
    const group = groups.get(key);
    if (!group?.counter.drop(removed.bits)) return;
    if (group.counter.total === 0) groups.delete(key);
    if (groups.size > 1 || (groups.size === 1 && !hasPlain(groups))) return;
    if (groups.size === 0) this.#index.delete(address, port);
    byAddress.delete(address.key);
    if (byAddress.size === 0) this.#groups.delete(port);
    this.#hasGroups = this.#groups.size > 0;
  }

  /** Adds every port with a hold that overlaps the address to a union. */
  overlapping(address: InternedAddress, into: PortUnion): void {
    this.#index.overlapping(address, into);
  }
}

/** Whether a claim may stand beside the holds of one address: its groups, else a plain one if it is `held`. */
function admitsBeside(groups: Groups | undefined, held: boolean, claim: Claim, alone: boolean): boolean {
  if (groups) return admits(groups.values(), claim, alone);
  return !held || admits([groupOf(PLAIN)], claim, alone);
}

function keyOf(claim: Claim): string {
  return `${claim.device} ${claim.destinationPort} ${claim.destination}`;
}

/** Whether a plain hold is among the groups. It shares no flag, so that it is always alone in its group. */
function hasPlain(groups: Groups): boolean {
  return groups.get(PLAIN_KEY)?.counter.shared === 0;
}
