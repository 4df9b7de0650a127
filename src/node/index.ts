/**
 * Moorage hands out network ports and keeps them.
 *
 * @module
 */

export type { AbortableOptions, AbortSignalLike, ProcessIdentity, Token } from "../contract/index.ts";
export {
  type AnyPortError,
  type HolderDescription,
  PortError,
  type PortErrorCode,
  type PortErrorDetails,
  PortSet,
  type RefusalCounts,
  type Transport,
} from "../core/index.ts";
export type { AcquireOptions, Lease, LeaseInfo, Registry, ReleaseOptions } from "../registry/index.ts";
export { open, type OpenOptions } from "./open.ts";
