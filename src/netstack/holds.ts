// All holds of a port manager, by network and transport.
//
// What is asked here is asked of all networks of a reservation: each of them says yes, or the answer is no. A
// network that is named twice counts once. Most reservations name one: plain holds of those take a short way,
// which the optimiser can make part of its caller.

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
      const space = find(this.#spaces[transport], networks[i]!);
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
      const space = find(this.#spaces[transport], network);
      return !space || space.admitsTuple(address, port, claim);
    });
  }

  /** Puts a plain hold in where all networks let it; false where one does not, and nothing changes. */
  takePlain(where: Where, address: InternedAddress, port: number): boolean {
    const { networks } = where;
    if (networks.length === 1) return this.#spaceOf(networks[0]!, where.transport).takePlain(address, port);
    return this.#takePlainOnEach(where, address, port);
  }

  #takePlainOnEach(where: Where, address: InternedAddress, port: number): boolean {
    const { networks } = where;
    for (let i = 0; i < networks.length; i++) {
      if (i > 0 && isRepeated(networks, i)) continue;
      if (this.#spaceOf(networks[i]!, where.transport).takePlain(address, port)) continue;
      this.remove({ networks: networks.slice(0, i), transport: where.transport }, address, port, undefined);
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
      if (i === 0 || !isRepeated(networks, i))
        this.#spaceOf(networks[i]!, transport).add(address, port, claim);
    }
  }

  /** Takes one hold out of each network that has one just like it. */
  remove(where: Where, address: InternedAddress, port: number, claim: Claim | undefined): void {
    const { networks } = where;
    if (networks.length === 1) {
      const space = find(this.#spaces[where.transport], networks[0]!);
      if (space !== undefined) space.remove(address, port, claim);
    } else this.#removeOnEach(where, address, port, claim);
  }

  #removeOnEach(where: Where, address: InternedAddress, port: number, claim: Claim | undefined): void {
    const { networks } = where;
    for (let i = 0; i < networks.length; i++) {
      if (i > 0 && isRepeated(networks, i)) continue;
      const space = find(this.#spaces[where.transport], networks[i]!);
      if (space !== undefined) space.remove(address, port, claim);
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
    const spaces = this.#spaces[transport];
    for (let i = 0; i < networks.length; i++) find(spaces, networks[i]!)?.overlapping(address, union);
    return union;
  }

  #spaceOf(network: number, transport: number): PortSpace {
    return find(this.#spaces[transport], network) ?? this.#newSpace(network, transport);
  }

  #newSpace(network: number, transport: number): PortSpace {
    while (this.#spaces.length <= transport) this.#spaces.push(undefined);
    const space = new PortSpace();
    (this.#spaces[transport] ??= []).push({ network, space });
    return space;
  }
}

function find(spaces: readonly NetworkSpace[] | undefined, network: number): PortSpace | undefined {
  if (spaces === undefined) return undefined;
  for (let i = 0; i < spaces.length; i++) if (spaces[i]!.network === network) return spaces[i]!.space;
  return undefined;
}

/** Whether the network at `index` was named before. */
function isRepeated(networks: readonly number[], index: number): boolean {
  return networks.indexOf(networks[index]!) < index;
}
