/**
 * This machine: its processes, its network namespace, its kernel's word on a port.
 *
 * @module
 */

export { shortCommand } from "./command.ts";
export { guardOwners } from "./guard-owners.ts";
export { openHost } from "./host.ts";
export { carriersOf, type Offspring, offspringOf, type StartedCommand } from "./offspring.ts";
export { bindingWay } from "./sockets.ts";
export { userOf } from "./user.ts";
