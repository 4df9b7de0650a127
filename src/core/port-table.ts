// The port table: the bindings of one network namespace, answering as its kernel would.
//
// A binding that cannot share (no reuse flag, no device) excludes everything that touches it, so a bit in
// the index says all there is to know of it. Bindings that can share stand in a short list beside their
// port as well; only requests for such a port look at the list, pair by pair. A bit that no binding of the
// list accounts for is therefore an exclusive one.

import {
  type Binding,
  bindingOf,
  canShare,
  coverV4,
  coverV6,
  formatBinding,
  sameBinding,
  type Transport,
} from "./binding.ts";
import { conflictsAtBind, conflictsAtListen } from "./conflict.ts";
import { PortError } from "./errors.ts";
import { expectPort } from "./expect.ts";
import { AddressInterner, type InternedAddress, WILDCARD } from "./interned-address.ts";
import { IpAddress } from "./ip-address.ts";
import { PortBits } from "./port-bits.ts";
import { PortIndex } from "./port-index.ts";
import { PortUnion } from "./port-union.ts";

/** What one protocol holds. */
interface ProtocolTable {
  readonly v4: PortIndex;
  readonly v6: PortIndex;
  /** Ports whose two wildcards are held by one exclusive dual-stack socket, not by two sockets. */
  readonly dual: PortBits;
  /** The bindings that can share, by port. */
  readonly sharers: Map<number, Binding[]>;
  readonly sharedPorts: PortBits;
}

/**
 * The bindings of one network namespace: says which further ones its kernel would let stand beside them.
 *
 * @example
 * const table = new PortTable();
 * table.add(bindingOf({ protocol: "tcp", address: "0.0.0.0", port: 80 }));
 * table.conflictAtBind(bindingOf({ protocol: "tcp", address: "10.0.0.1", port: 80 })); //=> the first binding
 * table.nextFree(bindingOf({ protocol: "tcp", address: "10.0.0.1", port: 80 }), 80, 90); //=> 81
 */
export class PortTable {
  readonly #protocols: Readonly<Record<Transport, ProtocolTable>> = { tcp: newTable(), udp: newTable() };
  readonly #addresses = new AddressInterner((key) => IpAddress.parse(key === WILDCARD ? "::" : key));

  /** The binding that would make bind() fail with EADDRINUSE, or `undefined`. */
  conflictAtBind(binding: Binding): Binding | undefined {
    this.#addresses.tidy();
    if (this.#isFree(binding)) return undefined;
    const sharers = this.#protocols[binding.protocol].sharers.get(binding.port) ?? [];
    return (
      sharers.find((sharer) => conflictsAtBind(sharer, binding)) ?? this.#findExclusive(binding, sharers)
    );
  }

  /**
   * The binding that would make listen() of `binding`, which is in the table, fail with EADDRINUSE.
   * An exclusive binding stands alone, so that only those that can share are looked at.
   */
  conflictAtListen(binding: Binding): Binding | undefined {
    const sharers = this.#protocols[binding.protocol].sharers.get(binding.port) ?? [];
    const self = sharers.find((sharer) => sameBinding(sharer, binding));
    return sharers.find((sharer) => sharer !== self && conflictsAtListen(sharer, binding));
  }

  /** Puts a binding into the table. @throws PortError `PORT_IN_USE`, and the table is as it was. */
  add(binding: Binding): void {
    const conflict = this.conflictAtBind(binding);
    if (conflict) throw inUse(binding, conflict);
    const table = this.#protocols[binding.protocol];
    const [v4, v6] = [this.#intern(coverV4(binding)), this.#intern(coverV6(binding))];
    if (v4 !== undefined) table.v4.add(v4, binding.port);
    if (v6 !== undefined) table.v6.add(v6, binding.port);
    if (canShare(binding)) {
      const sharers = table.sharers.get(binding.port);
      if (sharers) sharers.push(binding);
      else table.sharers.set(binding.port, [binding]);
      table.sharedPorts.add(binding.port);
    } else if (v4 !== undefined && v6 !== undefined) {
      table.dual.add(binding.port);
    }
  }

  /**
   * Makes a TCP binding of the table a listening one and returns it as it is now.
   *
   * @throws PortError `PORT_IN_USE` beside another listener. RangeError when the binding is not in the table.
   */
  listen(binding: Binding): Binding {
    const sharers = this.#protocols[binding.protocol].sharers.get(binding.port) ?? [];
    const at = sharers.findIndex((sharer) => sameBinding(sharer, binding));
    if (at === -1 && !this.#hasExclusive(binding)) {
      throw new RangeError(`\`binding\`: ${formatBinding(binding)} is not in the table`);
    }
    const conflict = this.conflictAtListen(binding);
    if (conflict) throw inUse(binding, conflict);
    const listening = Object.freeze({ ...binding, listening: binding.protocol === "tcp" });
    if (at !== -1) sharers[at] = listening;
    return listening;
  }

  /** Takes one binding out of the table; false when it is not there, and nothing changes. */
  remove(binding: Binding): boolean {
    this.#addresses.tidy();
    const table = this.#protocols[binding.protocol];
    const { port } = binding;
    const [v4, v6] = [this.#intern(coverV4(binding)), this.#intern(coverV6(binding))];
    if (!canShare(binding)) {
      if (!this.#hasExclusive(binding)) return false;
      if (v4 !== undefined) table.v4.delete(v4, port);
      if (v6 !== undefined) table.v6.delete(v6, port);
      table.dual.delete(port);
      return true;
    }
    const sharers = table.sharers.get(port) ?? [];
    const at = sharers.findIndex((sharer) => sameBinding(sharer, binding));
    if (at === -1) return false;
    sharers.splice(at, 1);
    if (v4 !== undefined && !sharers.some((other) => coverV4(other) === v4.key)) table.v4.delete(v4, port);
    if (v6 !== undefined && !sharers.some((other) => coverV6(other) === v6.key)) table.v6.delete(v6, port);
    if (sharers.length === 0) {
      table.sharers.delete(port);
      table.sharedPorts.delete(port);
    }
    return true;
  }

  /**
   * The smallest port from `first` to `last` on which `binding` (its own port does not matter) could be
   * bound, or `undefined`.
   */
  nextFree(binding: Binding, first: number, last: number): number | undefined {
    expectPort("first", first);
    expectPort("last", last);
    this.#addresses.tidy();
    const table = this.#protocols[binding.protocol];
    const free = this.#overlapping(binding).nextOutside(first, last);
    if (canShare(binding)) {
      const end = free === -1 ? last : free - 1;
      let port = first > end ? -1 : table.sharedPorts.nextInside(first, end);
      while (port !== -1) {
        if (!this.conflictAtBind({ ...binding, port })) return port;
        port = port === end ? -1 : table.sharedPorts.nextInside(port + 1, end);
      }
    }
    return free === -1 ? undefined : free;
  }

  #intern(key: string | undefined): InternedAddress | undefined {
    return key === undefined ? undefined : this.#addresses.get(key);
  }

  #isFree(binding: Binding): boolean {
    const table = this.#protocols[binding.protocol];
    const [v4, v6] = [this.#intern(coverV4(binding)), this.#intern(coverV6(binding))];
    if (v4 !== undefined && !table.v4.isFree(v4, binding.port)) return false;
    return v6 === undefined || table.v6.isFree(v6, binding.port);
  }

  #overlapping(binding: Binding): PortUnion {
    const union = new PortUnion();
    const table = this.#protocols[binding.protocol];
    const [v4, v6] = [this.#intern(coverV4(binding)), this.#intern(coverV6(binding))];
    if (v4 !== undefined) table.v4.overlapping(v4, union);
    if (v6 !== undefined) table.v6.overlapping(v6, union);
    return union;
  }

  #hasExclusive(binding: Binding): boolean {
    if (canShare(binding)) return false;
    const table = this.#protocols[binding.protocol];
    const { port } = binding;
    const [v4, v6] = [this.#intern(coverV4(binding)), this.#intern(coverV6(binding))];
    if (v4 !== undefined && !table.v4.has(v4, port)) return false;
    if (v6 !== undefined && !table.v6.has(v6, port)) return false;
    const wildcard = (v4 ?? v6)?.key === WILDCARD;
    if (wildcard && table.dual.has(port) !== (v4 !== undefined && v6 !== undefined)) return false;
    const sharers = table.sharers.get(port) ?? [];
    return !sharers.some(
      (sharer) =>
        (v4 !== undefined && coverV4(sharer) === v4.key) || (v6 !== undefined && coverV6(sharer) === v6.key),
    );
  }

  /** The exclusive binding that touches `binding`: a bit that none of the sharers accounts for. */
  #findExclusive(binding: Binding, sharers: readonly Binding[]): Binding | undefined {
    const { protocol, port } = binding;
    const { v4, v6, dual } = this.#protocols[protocol];
    const inV4 = this.#exclusiveIn(v4, port, coverV4(binding), sharers.map(coverV4));
    const key = inV4 ?? this.#exclusiveIn(v6, port, coverV6(binding), sharers.map(coverV6));
    if (key === undefined) return undefined;
    if (key !== WILDCARD) return bindingOf({ protocol, address: key, port });
    const isDual = dual.has(port);
    const address = inV4 === undefined || isDual ? "::" : "0.0.0.0";
    return bindingOf({ protocol, address, port, v6only: inV4 === undefined && !isDual });
  }

  /** The key of an address that holds the port, overlaps `key` and is none of those that share it. */
  #exclusiveIn(
    index: PortIndex,
    port: number,
    key: string | undefined,
    shared: readonly (string | undefined)[],
  ): string | undefined {
    if (key === undefined) return undefined;
    if (index.hasWildcard(port) && !shared.includes(WILDCARD)) return WILDCARD;
    if (key !== WILDCARD) {
      return index.has(this.#addresses.get(key), port) && !shared.includes(key) ? key : undefined;
    }
    if (index.holders(port) <= new Set(shared.filter((one) => one !== undefined)).size) return undefined;
    return [...index.specificHolders(port)].find((holder) => !shared.includes(holder.key))?.key;
  }
}

function newTable(): ProtocolTable {
  return {
    v4: new PortIndex(),
    v6: new PortIndex(),
    dual: new PortBits(),
    sharers: new Map(),
    sharedPorts: new PortBits(),
  };
}

function inUse(binding: Binding, conflict: Binding): PortError<"PORT_IN_USE"> {
  const message = `${formatBinding(binding)} is in use: ${formatBinding(conflict)} stands in the way`;
  return new PortError("PORT_IN_USE", message, { address: conflict.address.text, port: conflict.port });
}
