/**
 * The port allocator of this process, with the range and the reserved ports of this machine's kernel.
 *
 * @module
 */

export { get, getPortRange } from "./process-allocator.ts";
