/**
 * What the registry needs from the world: a store for its slots, a host for its processes and ports, time
 * and chance. Implementations live in stores/ and host/.
 *
 * @module
 */

export {
  type Abortable,
  type AbortableOptions,
  type AbortSignalLike,
  expectSignal,
  type PlatformSignal,
  throwIfAborted,
} from "./abort.ts";
export type { Chance, Clock } from "./clock.ts";
export type {
  Ancestor,
  Guard,
  Guards,
  Hold,
  Holds,
  Host,
  Listener,
  ListenersOptions,
  ListeningHold,
  Liveness,
  PortSettings,
  ProcessIdentity,
  SocketOwner,
  Verdict,
} from "./host.ts";
export {
  type BootTime,
  type Claim,
  type Departure,
  type Ending,
  type GrantedClaim,
  hasTimeLimit,
  type Kept,
  nameKey,
  type NameRecord,
  parsePortKey,
  PORT_PREFIX,
  portKey,
  type PlacedClaim,
  type PortRecord,
  QUEUE_KEY,
  readClaims,
  readName,
  readPort,
  readQueue,
  readSession,
  saysTaken,
  SESSION_PREFIX,
  sessionKey,
  type Waiter,
  writePort,
  writeRecord,
} from "./records.ts";
export type {
  ChangedSlot,
  Commit,
  CommitOptions,
  Decide,
  Engine,
  EngineSurroundings,
  Expiry,
  ExpiringSlots,
  Slot,
  SlotChange,
  SlotChanges,
  Store,
  StoreLimits,
  Token,
  WatchOptions,
} from "./store.ts";
