// The names under which a registry leases the ports of services: "<project id>/<worktree id>/<service>". To the registry
// they are texts like any other.

import { expectName } from "../registry/index.ts";
import { describe } from "../core/expect.ts";
import type { Place } from "./place.ts";

/** What tells a place from all others. */
export type PlaceIds = {
  readonly project: Pick<Place["project"], "id">;
  readonly worktree: Pick<Place["worktree"], "id">;
};

export interface ServiceName {
  readonly project: string;
  readonly worktree: string;
  readonly service: string;
}

const LONGEST_SERVICE = 64;

/** With what the names of all services of a place begin. */
export function namePrefix({ project, worktree }: PlaceIds): string {
  return `${project.id}/${worktree.id}/`;
}

/**
 * The registry's name for a service of a place.
 *
 * @throws TypeError or RangeError for what is no name of a service.
 * @example
 * serviceName(findPlace("."), "web"); // "shop-1f0c22ab/main/web"
 */
export function serviceName(place: PlaceIds, service: string): string {
  return namePrefix(place) + expectService("service", service);
}

/** The parts of a service's full name; `undefined` for any other name. */
export function parseServiceName(name: string): ServiceName | undefined {
  const [, project, worktree, service] = /^([^/]+-[\da-f]{8})\/([^/]+)\/(.+)$/su.exec(name) ?? [];
  return project === undefined ? undefined : { project, worktree: worktree!, service: service! };
}

/** Whether a text can be the name of a service. */
export function isService(text: string): boolean {
  try {
    expectService("service", text);
    return true;
  } catch {
    return false;
  }
}

/** One line of at most 64 characters that is not a number. */
export function expectService(option: string, value: unknown): string {
  const service = expectName(option, value);
  if (service.length > LONGEST_SERVICE) {
    throw new RangeError(
      `\`${option}\`: expected at most ${LONGEST_SERVICE} characters, received ${describe(value)}`,
    );
  }
  return service;
}
