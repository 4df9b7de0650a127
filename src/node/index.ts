/**
 * Moorage hands out network ports and keeps them.
 *
 * @module
 */

export type {
  AbortableOptions,
  AbortSignalLike,
  Engine,
  Listener,
  ListenersOptions,
  ProcessIdentity,
  SocketOwner,
  Token,
} from "../contract/index.ts";
export {
  type AnyPortError,
  type HolderCount,
  type HolderDescription,
  PortError,
  type PortErrorCode,
  type PortErrorDetails,
  PortSet,
  type RefusalCounts,
  type Transport,
} from "../core/index.ts";
export type {
  InspectedLease,
  InspectedReservation,
  LeasedListener,
  LeaseState,
  Ownership,
} from "../inspect/index.ts";
export type {
  AcquireAllOptions,
  AcquireOptions,
  AcquireRefusal,
  Attempt,
  Endpoint,
  Lease,
  LeaseEvent,
  LeaseFacts,
  LeaseGroup,
  LeaseInfo,
  PartOptions,
  Registry,
  ReleaseOptions,
  Reservation,
  Selection,
} from "../registry/index.ts";
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type Finding,
  type Repair,
  repair,
  type RepairOptions,
} from "./doctor.ts";
export { inspect, type Inspection } from "./inspect.ts";
export { listeners } from "./listeners.ts";
export {
  type ExportOptions,
  exportRecords,
  type ImportOptions,
  type ImportReport,
  importRecords,
} from "./moving.ts";
export { open, type OpenOptions } from "./open.ts";
export type { HostScope, PoolScope, Scope } from "./scope.ts";
