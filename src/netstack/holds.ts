// All holds of a port manager, by network and transport.
//
// What is asked here is asked of all networks of a reservation: each of them says yes, or the answer is no. A
// network that is named twice counts once.

import type { InternedAddress } from "../core/interned-address.ts";
import { PortUnion } from "../core/port-union.ts";
import { PortSpace } from "./port-space.ts";
import { TCP } from "./protocols.ts";
import { type Claim, type Reservation } from "./reservation.ts";

type Where = Pick<Reservation, "networks" | "transport">;

/** The space of one network, among those of one transport. */
interface NetworkSpace {
  readonly network: number;
  readonly space: PortSpace;
}

export class Holds {
  /** By transport. A stack has two or three networks: walking them is faster than looking one up. */
  readonly #spaces: (NetworkSpace[] | undefined)[] = [];
  /** What a search must stay outside of; made anew for each. */
  readonly #union = new PortUnion();

  /** Whether the rule lets a hold in; `claim` is `undefined` for a plain one, here and below. */
  admits(
    { networks, transport }: Where,
    address: InternedAddress,
    port: number,
    claim: Claim | undefined,
    alone = false,
  ): boolean {
    for (let i = 0; i < networks.length; i++) {
      const space = this.#find(networks[i]!, transport);
      if (space !== undefined && !space.admits(address, port, claim, alone)) return false;
    }
    return true;
  }

  /** Whether the holds of the very same address, port, device and destination let another one in. */
  admitsTuple(
    { networks, transport }: Where,
    address: InternedAddress,
    port: number,
    claim: Claim | undefined,
  ): boolean {
    return networks.every((network) => {
      const space = this.#find(network, transport);
      return !space || space.admitsTuple(address, port, claim);
    });
  }

  /** Puts a plain hold in where all networks let it; false where one does not, and nothing changes. */
  takePlain({ networks, transport }: Where, address: InternedAddress, port: number): boolean {
    for (let i = 0; i < networks.length; i++) {
      if (isRepeated(networks, i) || this.#spaceOf(networks[i]!, transport).takePlain(address, port))
        continue;
      for (let taken = 0; taken < i; taken++) {
        if (!isRepeated(networks, taken)) {
          this.#spaceOf(networks[taken]!, transport).remove(address, port, undefined);
        }
      }
      return false;
    }
    return true;
  }

  /** Puts in a hold that was let in. */
  add(
    { networks, transport }: Where,
    address: InternedAddress,
    port: number,
    claim: Claim | undefined,
  ): void {
    for (let i = 0; i < networks.length; i++) {
      if (!isRepeated(networks, i)) this.#spaceOf(networks[i]!, transport).add(address, port, claim);
    }
  }

  /** Takes one hold out of each network that has one just like it. */
  remove(
    { networks, transport }: Where,
    address: InternedAddress,
    port: number,
    claim: Claim | undefined,
  ): void {
    for (let i = 0; i < networks.length; i++) {
      if (!isRepeated(networks, i)) this.#find(networks[i]!, transport)?.remove(address, port, claim);
    }
  }

  /**
   * The smallest port from `from` to `to` that a search may take, or -1. Only held ports are judged one by one, and none
   * at all where a search never shares: for TCP on every device.
   */
  next(where: Where, address: InternedAddress, claim: Claim | undefined, from: number, to: number): number {
    const free = this.overlapping(where, address).nextOutside(from, to);
    const alone = where.transport === TCP;
    if (claim === undefined || (alone && claim.device === 0)) return free;
    const end = free === -1 ? to : free - 1;
    for (let port = from; port <= end; port++) {
      if (this.admits(where, address, port, claim, alone)) return port;
    }
    return free;
  }

  /** The ports with a hold that overlaps the address on any of the networks; good until the next call. */
  overlapping({ networks, transport }: Where, address: InternedAddress): PortUnion {
    const union = this.#union;
    union.clear();
    for (let i = 0; i < networks.length; i++) {
      this.#find(networks[i]!, transport)?.overlapping(address, union);
    }
    return union;
  }

  #find(network: number, transport: number): PortSpace | undefined {
    const spaces = this.#spaces[transport];
    if (spaces === undefined) return undefined;
    for (let i = 0; i < spaces.length; i++) if (spaces[i]!.network === network) return spaces[i]!.space;
    return undefined;
  }

  #spaceOf(network: number, transport: number): PortSpace {
    return this.#find(network, transport) ?? this.#newSpace(network, transport);
  }

  #newSpace(network: number, transport: number): PortSpace {
    while (this.#spaces.length <= transport) this.#spaces.push(undefined);
    const space = new PortSpace();
    (this.#spaces[transport] ??= []).push({ network, space });
    return space;
  }
}

/** Whether the network at `index` was named before. */
function isRepeated(networks: readonly number[], index: number): boolean {
  return index > 0 && networks.indexOf(networks[index]!) < index;
}
