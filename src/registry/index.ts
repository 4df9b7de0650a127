/**
 * Leases: request → claim in the store → a look at the kernel → lease.
 *
 * @module
 */

export { defaultPool } from "./default-pool.ts";
export type { Lease } from "./lease.ts";
export type { LeaseInfo } from "./list.ts";
export { createRegistry, type Registry } from "./registry.ts";
export type { ReleaseOptions } from "./release.ts";
export { type AcquireOptions, expectName } from "./request.ts";
export { formatHolder, formatPorts } from "./refusals.ts";
