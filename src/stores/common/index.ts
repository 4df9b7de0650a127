/**
 * What every store does in the same way: it checks what it is asked, and ends its watches. And what those do alike
 * whose engine answers over a network: they keep views of it, and update by them.
 *
 * @module
 */

export { expectChanges, expectPrefix, storeClosed } from "./asked.ts";
export { Calls } from "./calls.ts";
export { byKey, byRevision } from "./order.ts";
export { Watches } from "./watches.ts";
export { type Attempt, type Condition, type UpdateCalls, updateByView, withoutSlots } from "./update.ts";
export { View } from "./view.ts";
export { Views } from "./views.ts";
