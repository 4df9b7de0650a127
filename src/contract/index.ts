/**
 * What the registry needs from the world: a store for its slots, a host for its processes and ports, time
 * and chance. Implementations live in stores/ and host/.
 *
 * @module
 */

export { type AbortableOptions, type AbortSignalLike, expectSignal, throwIfAborted } from "./abort.ts";
export type { Chance, Clock } from "./clock.ts";
export type { Ancestor, Host, Liveness, PortSettings, ProcessIdentity, Verdict } from "./host.ts";
export {
  type Claim,
  nameKey,
  type NameRecord,
  parsePortKey,
  PORT_PREFIX,
  portKey,
  readClaims,
  readName,
  writeClaims,
  writeName,
} from "./records.ts";
export type { Commit, Slot, SlotChange, Store, Token } from "./store.ts";
