/**
 * The port allocator of this process, with the range and the reserved ports of this machine's kernel, and one
 * that opens the sockets too.
 *
 * @module
 */

export type { HostProtocol, SocketOf } from "./host-sockets.ts";
export { type HostPort, type HostPortOptions, OSAllocator } from "./os-allocator.ts";
export { get, getPortRange } from "./process-allocator.ts";
