// What a refused caller is told.

import { PortError } from "../core/errors.ts";
import { WILDCARD } from "../core/interned-address.ts";
import { TCP, UDP } from "./protocols.ts";
import type { Reservation } from "./reservation.ts";

/** No port of the ephemeral range will do. */
export function noPort(first: number, last: number, why: string): PortError<"NO_PORT_AVAILABLE"> {
  const message = `no port from ${first} to ${last} is available: ${why}`;
  return new PortError("NO_PORT_AVAILABLE", message, {});
}

/** The port asked for cannot be had. */
export function inUse(reservation: Reservation, what: string): PortError<"PORT_IN_USE"> {
  const { address, port } = reservation;
  return new PortError("PORT_IN_USE", `${endpointOf(reservation)} ${what}`, { address, port });
}

/** For a message: "tcp 10.0.0.1:80", "udp [::1]:53", "transport 132 *:0". */
export function endpointOf({ transport, address, port }: Reservation): string {
  const protocol = transport === TCP ? "tcp" : transport === UDP ? "udp" : `transport ${transport}`;
  const host = address === WILDCARD ? "*" : address.includes(":") ? `[${address}]` : address;
  return `${protocol} ${host}:${port}`;
}
