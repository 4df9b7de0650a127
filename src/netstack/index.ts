/**
 * PortManager: the ports of a userspace network stack, with its flags, devices and connections. Pure: no
 * input or output, no clock; randomness is an argument.
 *
 * @module
 */

export { type Flags } from "./flags.ts";
export { FIRST_EPHEMERAL, PortManager, type PortManagerOptions, type Selection } from "./port-manager.ts";
export { IPV4, IPV6, TCP, UDP } from "./protocols.ts";
export { type PortTester, type Reservation } from "./reservation.ts";
