// The leases of a scope, put together from the claims on its ports.

import {
  type AbortableOptions,
  type Claim,
  parsePortKey,
  PORT_PREFIX,
  type ProcessIdentity,
  readClaims,
  type Slot,
  type Token,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import type { World } from "./world.ts";

/** A lease as everybody may see it. */
export interface LeaseInfo {
  readonly id: string;
  readonly name: string | null;
  readonly protocol: Transport;
  /** "::" is the whole port, on both families. */
  readonly address: string;
  /** In rising order. */
  readonly ports: readonly number[];
  readonly holder: ProcessIdentity;
  /** `abandoned`: the holder is dead, and the ports go to whoever asks next. */
  readonly state: "held" | "abandoned";
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  readonly token: Token;
}

/** All leases, in the order of their first ports. */
export async function list(world: World, options?: AbortableOptions): Promise<LeaseInfo[]> {
  return toLeases(world, await world.store.list(world.host.scope, PORT_PREFIX, options));
}

/** The leases that have a claim on these port slots, with those of their ports that are among them. */
export function toLeases(world: World, slots: Iterable<Slot>): LeaseInfo[] {
  const parts = new Map<string, { claim: Required<Claim>; protocol: Transport; ports: number[] }>();
  for (const slot of slots) {
    const { protocol, port } = parsePortKey(slot.key);
    for (const claim of readClaims(slot)) {
      const part = parts.get(claim.lease);
      if (!part) parts.set(claim.lease, { claim, protocol, ports: [port] });
      else {
        part.ports.push(port);
        if (claim.revision > part.claim.revision) part.claim = claim;
      }
    }
  }
  const leases = [...parts.values()].map(({ claim, protocol, ports }): LeaseInfo => {
    const { lease, name, address, holder, grantedAt, revision } = claim;
    return {
      id: lease,
      name,
      protocol,
      address,
      ports: ports.toSorted((a, b) => a - b),
      holder,
      state: world.host.liveness(holder) === "dead" ? "abandoned" : "held",
      grantedAt,
      token: { epoch: world.store.epoch, revision },
    };
  });
  return leases.toSorted((a, b) => a.ports[0]! - b.ports[0]! || a.id.localeCompare(b.id));
}
