/**
 * Services of projects: which port belongs to which repository, worktree and service.
 *
 * @module
 */

export { type Config, type Service, serviceOf, servicesOf } from "./config.ts";
export { setOutside, withBlock, writeBlock } from "./env-file.ts";
export { type EnvContext, type EnvFormat, formatVariables } from "./env-formats.ts";
export { configuredService, impliedService } from "./implied.ts";
export { findPlace, type Place, type ProjectPlace, upward, type WorktreePlace } from "./place.ts";
export type { KnownProject, KnownWorktree } from "./known-places.ts";
export type { Presence } from "./presence.ts";
export { portSync, type PortSyncOptions, PORTS_VARIABLE, tellPorts } from "./port-sync.ts";
export {
  openProject,
  type OpenProjectOptions,
  type Project,
  type ServiceOptions,
  type VariablesOptions,
} from "./project.ts";
export type { Pruned, PruneOptions } from "./prune.ts";
export { readConfig } from "./read-config.ts";
export { bracedIn, expandReferences, type Reference } from "./references.ts";
export {
  expectService,
  namePrefix,
  parseServiceName,
  type PlaceIds,
  type ServiceName,
  serviceName,
} from "./service-name.ts";
export { formatShortfall, type Shortfall } from "./shortfall.ts";
export { portVariable, urlVariable } from "./variables.ts";
export { tellPort, tellPortInLine, type ToldServer } from "./told-port.ts";
export { didYouMean } from "./similar.ts";
