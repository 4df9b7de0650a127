/**
 * Leases: request → claim in the store → guard and a look at the kernel → lease.
 *
 * @module
 */

export { DEFAULT_RANGE, defaultPool } from "./default-pool.ts";
export type { Endpoint, Lease, LeaseFacts } from "./lease.ts";
export type { LeaseInfo, Reservation } from "./list.ts";
export type {
  AcquireAllOptions,
  AcquireOptions,
  AcquireRefusal,
  Attempt,
  LeaseGroup,
  PartOptions,
} from "./options.ts";
export type { Selection } from "./selection.ts";
export { createRegistry } from "./create.ts";
export type { Registry } from "./registry.ts";
export type { ReleaseOptions } from "./release.ts";
export { expectName } from "./request.ts";
export { formatHolder, formatPorts } from "./refusals.ts";
export { portsOfName, reserve } from "./reserve.ts";
export { bindHost, bindPool, bindScope } from "./scope.ts";
export type { LeaseEvent } from "./watch.ts";
export { holdersByHost } from "./holders-by-host.ts";
export { holdersBySession, hostOfMany } from "./holders-by-session.ts";
export type { TestRun, World } from "./world.ts";
