/**
 * The calls of the npm package get-port, on leased ports: no two processes are given the same one.
 *
 * It is the one door with a default export, because that is how get-port is imported: nothing but the name of the
 * package changes.
 *
 * @module
 */

export { getPort as default } from "./get-port.ts";
export { clearLockedPorts } from "./locks.ts";
export type { Options } from "./options.ts";
export { portNumbers } from "./port-numbers.ts";
