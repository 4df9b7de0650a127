// All holds of a port manager, by network and transport.
//
// What is asked here is asked of all networks of a reservation: each of them says yes, or the answer is no. A
// network that is named twice counts once.

import { nextOutside, type PortBits } from "../core/port-bits.ts";
import { PortSpace } from "./port-space.ts";
import { TCP } from "./protocols.ts";
import { type Claim, type Reservation } from "./reservation.ts";

type Where = Pick<Reservation, "networks" | "transport">;

export class Holds {
  readonly #spaces = new Map<number, PortSpace>();

  /** Whether the rule lets a hold in; `claim` is `undefined` for a plain one, here and below. */
  admits(where: Where, address: string, port: number, claim: Claim | undefined, alone = false): boolean {
    const { networks, transport } = where;
    for (let i = 0; i < networks.length; i++) {
      const space = this.#spaces.get(keyOf(networks[i]!, transport));
      if (space && !space.admits(address, port, claim, alone)) return false;
    }
    return true;
  }

  /** Whether the holds of the very same address, port, device and destination let another one in. */
  admitsTuple(where: Where, address: string, port: number, claim: Claim | undefined): boolean {
    return where.networks.every((network) => {
      const space = this.#spaces.get(keyOf(network, where.transport));
      return !space || space.admitsTuple(address, port, claim);
    });
  }

  /** Puts in a hold that was let in. */
  add(where: Where, address: string, port: number, claim: Claim | undefined): void {
    const { networks, transport } = where;
    for (let i = 0; i < networks.length; i++) {
      if (isRepeated(networks, i)) continue;
      const key = keyOf(networks[i]!, transport);
      let space = this.#spaces.get(key);
      if (!space) {
        space = new PortSpace();
        this.#spaces.set(key, space);
      }
      space.add(address, port, claim);
    }
  }

  /** Takes one hold out of each network that has one just like it. */
  remove(where: Where, address: string, port: number, claim: Claim | undefined): void {
    const { networks, transport } = where;
    for (let i = 0; i < networks.length; i++) {
      if (isRepeated(networks, i)) continue;
      this.#spaces.get(keyOf(networks[i]!, transport))?.remove(address, port, claim);
    }
  }

  /**
   * The smallest port from `from` to `to` that a search may take, or -1. Only held ports are judged one by
   * one, and none at all where a search never shares: for TCP on every device.
   */
  next(where: Where, address: string, claim: Claim | undefined, from: number, to: number): number {
    const { networks, transport } = where;
    const sets: PortBits[] = [];
    for (const network of networks) {
      this.#spaces.get(keyOf(network, transport))?.overlapping(address, sets);
    }
    const free = nextOutside(sets, from, to);
    const alone = transport === TCP;
    if (claim === undefined || (alone && claim.device === 0)) return free;
    const end = free === -1 ? to : free - 1;
    for (let port = from; port <= end; port++) {
      if (this.admits(where, address, port, claim, alone)) return port;
    }
    return free;
  }
}

function keyOf(network: number, transport: number): number {
  return network * 256 + transport;
}

/** Whether the network at `index` was named before. */
function isRepeated(networks: readonly number[], index: number): boolean {
  return index > 0 && networks.indexOf(networks[index]!) < index;
}
