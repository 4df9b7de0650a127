/**
 * What a port is and when two uses of one collide: pure values and tables, no input or output, no clock.
 *
 * @module
 */

export {
  type Binding,
  bindingOf,
  type BindingOptions,
  formatBinding,
  formatEndpoint,
  type Transport,
  TRANSPORTS,
} from "./binding.ts";
export { conflictsAtBind, conflictsAtListen } from "./conflict.ts";
export {
  type AnyPortError,
  type HolderCount,
  type HolderDescription,
  PortError,
  type PortErrorCode,
  type PortErrorDetails,
  type RefusalCounts,
} from "./errors.ts";
export { type Family, IpAddress } from "./ip-address.ts";
export { parsePort, PortSet } from "./port-set.ts";
export { PortTable } from "./port-table.ts";
