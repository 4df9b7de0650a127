/**
 * A book of the ports that a container engine gave out: which port, by which protocol, on which address.
 * It opens no socket and asks no kernel; `moorage/portallocator/os` has one with this machine's range.
 *
 * @module
 */

export { type PortAllocatorOptions, PortAllocator } from "./port-allocator.ts";
export type { Protocol } from "./request.ts";
