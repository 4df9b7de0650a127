// What the claims of a slot mean for a request: who is in the way, who is gone, what would be written.

import {
  type Claim,
  type Host,
  type ProcessIdentity,
  readClaims,
  type Slot,
  type SlotChange,
  writeClaims,
} from "../contract/index.ts";
import { type Binding, bindingOf, conflictsAtBind } from "../core/index.ts";

/** A port that the store would let the request have, with the claims that stay beside it. */
export interface Candidate {
  readonly port: number;
  readonly key: string;
  readonly slot: Slot | undefined;
  readonly staying: readonly Claim[];
}

/** The claims of a slot whose holders are not known to be dead. */
export function livingClaims(slot: Slot | undefined, host: Host): Required<Claim>[] {
  return readClaims(slot).filter(({ holder }) => host.liveness(holder) !== "dead");
}

/** The claim that a binding cannot stand beside, or `undefined`. */
export function claimInTheWay(
  claims: readonly Required<Claim>[],
  binding: Binding,
): Required<Claim> | undefined {
  const { protocol, port } = binding;
  return claims.find(({ address }) => conflictsAtBind(bindingOf({ protocol, address, port }), binding));
}

/** The change that puts a claim beside those that stay; claims of the dead go with it. */
export function addClaim(candidate: Candidate, claim: Claim): SlotChange {
  const { key, slot, staying } = candidate;
  return { key, ifRevision: slot?.revision ?? 0, value: writeClaims([...staying, claim]) };
}

/** The change that takes a lease's claims out of a slot. */
export function dropClaims(slot: Slot, lease: string): SlotChange {
  const staying = readClaims(slot).filter((claim) => claim.lease !== lease);
  return { key: slot.key, ifRevision: slot.revision, value: writeClaims(staying) };
}

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.boot === b.boot && a.namespaces === b.namespaces;
}
