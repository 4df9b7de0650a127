// What a lease writes into the slots of its ports.

import type { Claim } from "../contract/index.ts";
import type { Tenure } from "./holders.ts";
import { sameProcess } from "./living.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

export interface Claims {
  readonly here: Claim;
  /** The same on other hosts, where nothing of this process stands behind it. */
  readonly elsewhere: Claim;
}

export function claimsOf({ scope, host, clock }: World, request: Request, tenure: Tenure): Claims {
  const isHere = request.scopes === null || request.scopes.includes(scope);
  const isOwn = isHere && sameProcess(request.holder, host.self);
  const here: Claim = {
    lease: tenure.lease,
    name: request.name,
    addresses: request.addresses,
    holder: request.holder,
    grantedAt: clock.now(),
    session: tenure.session,
    guarded: host.guards !== undefined && isOwn,
    // A socket holds for the process that has it; UDP cannot be held beside the server that is to come.
    held: request.hold && isOwn && host.holds !== undefined && request.protocols.includes("tcp"),
    heir: null,
    alone: request.count === 1 && request.protocols.length === 1,
  };
  // Nearly all leases are of one scope.
  const elsewhere = request.scopes === null ? here : { ...here, guarded: false, held: false };
  return { here, elsewhere };
}
