// What is asked of the port manager, and its checks: every field is checked before anything changes.
//
// A plain reservation, without flags, device and destination, has no Claim: all there is to know of it is
// its address and its port. Reading one allocates nothing.

import { PortError } from "../core/errors.ts";
import { describe, expectInteger, expectOptions, expectString, MAX_PORT } from "../core/expect.ts";
import { AddressInterner, type InternedAddress, WILDCARD } from "../core/interned-address.ts";
import { IpAddress } from "../core/ip-address.ts";
import { flagBits, type Flags } from "./flags.ts";

const MAX_NUMBER = 0xffff_ffff;
const MAX_TRANSPORT = 255;

/** What one endpoint of a network stack claims, on all of its networks at once. */
export interface Reservation {
  /** The network protocols, by their EtherType: `[IPV4]`, or `[IPV6, IPV4]` for a dual-stack endpoint. */
  readonly networks: readonly number[];
  /** The IP protocol number, 0 to 255: `TCP`, `UDP` or another one. */
  readonly transport: number;
  /**
   * The local address. "", "0.0.0.0" and "::" are the wildcard, which overlaps every address. Which network
   * an address belongs to is the caller's business, and so is turning an IPv4-mapped one into IPv4.
   */
  readonly address: string;
  /** 1 to 65535; 0 asks `reservePort` to pick one. */
  readonly port: number;
  /** Default: none, which shares with nobody. */
  readonly flags?: Flags | undefined;
  /** The number of the device; holds of two different devices never meet. @default 0, every device */
  readonly bindToDevice?: number | undefined;
  /** The peer. Default: none, which is the empty address and port 0. */
  readonly destination?: { readonly address: string; readonly port: number } | undefined;
}

/** Whether a port will do. What it throws ends the search and reaches the caller. */
export type PortTester = (port: number) => boolean;

/** What a reservation that is not plain claims beside its address and port. */
export interface Claim {
  readonly bits: number;
  readonly device: number;
  /** The canonical text of the peer's address, or WILDCARD. */
  readonly destination: string;
  readonly destinationPort: number;
}

/** Reads reservations, remembering the address texts it has met. */
export class ReservationReader {
  readonly #addresses = new AddressInterner(readAddress);

  /** @throws what is wrong with a reservation, apart from its claim. */
  check(call: string, reservation: Reservation, minPort: number): void {
    if (!isSound(reservation, minPort)) throw explain(call, reservation, minPort);
  }

  /** The local address. Read last: it is good until the next operation begins. */
  address({ address }: Reservation): InternedAddress {
    return this.#addresses.begin(address);
  }

  /** What the reservation claims beside address and port, or `undefined` for a plain one. */
  claim(reservation: Reservation): Claim | undefined {
    if (
      reservation.flags === undefined &&
      reservation.bindToDevice === undefined &&
      reservation.destination === undefined
    ) {
      return undefined;
    }
    return this.#readClaim(reservation);
  }

  #readClaim({ flags, bindToDevice, destination }: Reservation): Claim | undefined {
    const claim: Claim = {
      bits: flags === undefined ? 0 : flagBits(flags),
      device: bindToDevice === undefined ? 0 : expectInteger("bindToDevice", bindToDevice, 0, MAX_NUMBER),
      ...this.#destination(destination),
    };
    const { bits, device, destinationPort } = claim;
    return bits === 0 && device === 0 && claim.destination === WILDCARD && destinationPort === 0
      ? undefined
      : claim;
  }

  #destination(given: Reservation["destination"]): Pick<Claim, "destination" | "destinationPort"> {
    if (given === undefined) return { destination: WILDCARD, destinationPort: 0 };
    expectOptions("destination", given, ["address", "port"]);
    return {
      destination: this.#addresses.get(expectString("destination.address", given.address)).key,
      destinationPort: expectInteger("destination.port", given.port, 0, MAX_PORT),
    };
  }
}

function readAddress(text: string): IpAddress {
  const address = IpAddress.parse(text === WILDCARD ? "::" : text);
  if (address.zone === "") return address;
  const position = text.indexOf("%");
  const message = `invalid address ${describe(text)}: a zone has no place here, \`bindToDevice\` names the device`;
  throw new PortError("INVALID_ADDRESS", message, { input: text, position });
}

/** Whether all but the claim is right. Asked on every call: what is wrong, `explain` finds out. */
function isSound(reservation: Reservation, minPort: number): boolean {
  return (
    typeof reservation === "object" &&
    reservation !== null &&
    isWhole(reservation.port, MAX_PORT) &&
    reservation.port >= minPort &&
    isWhole(reservation.transport, MAX_TRANSPORT) &&
    typeof reservation.address === "string" &&
    areNetworks(reservation.networks)
  );
}

function areNetworks(networks: readonly number[]): boolean {
  if (!Array.isArray(networks) || networks.length === 0) return false;
  for (let i = 0; i < networks.length; i++) if (!isWhole(networks[i], MAX_NUMBER)) return false;
  return true;
}

/** Whether the value is a whole number from 0 to `max`, which is at most 2^32 - 1: `>>> 0` changes no such number. */
function isWhole(value: unknown, max: number): boolean {
  return typeof value === "number" && value >>> 0 === value && value <= max;
}

/** What is wrong with a reservation that is not sound, as the error to throw. */
function explain(call: string, reservation: Reservation, minPort: number): unknown {
  try {
    if (typeof reservation !== "object" || reservation === null) expectOptions(call, reservation, []);
    const { networks, transport, address, port } = reservation;
    expectNetworks(networks);
    expectInteger("transport", transport, 0, MAX_TRANSPORT);
    expectInteger("port", port, minPort, MAX_PORT);
    expectString("address", address);
  } catch (error) {
    return error;
  }
  return new TypeError("`reservation`: its fields changed while they were read");
}

function expectNetworks(networks: readonly number[]): void {
  if (!Array.isArray(networks)) {
    throw new TypeError(`\`networks\`: expected a list of numbers, received ${describe(networks)}`);
  }
  if (networks.length === 0) {
    throw new RangeError("`networks`: expected at least one network, received an empty list");
  }
  for (let i = 0; i < networks.length; i++) expectInteger("networks", networks[i], 0, MAX_NUMBER);
}
