/**
 * What every store does in the same way: it checks what it is asked, and ends its watches.
 *
 * @module
 */

export { expectChanges, expectPrefix, storeClosed } from "./asked.ts";
export { byKey, byRevision } from "./order.ts";
export { Watches } from "./watches.ts";
