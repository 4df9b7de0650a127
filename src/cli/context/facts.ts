// What somebody who begins to work in a place has to know of its ports.

import type { InspectedLease } from "../../inspect/index.ts";
import { survey } from "../../node/inspect.ts";
import type { Project } from "../../project/index.ts";
import { overview, type PlaceGroup, type ShownService } from "../../report/overview.ts";
import { placesOf } from "../../report/places.ts";
import { processOf } from "../../report/describe.ts";
import { urlsByConfig } from "../../report/urls.ts";

export interface ContextService {
  readonly service: string;
  /** As of `ls`; `new`: the config names it, and it has no port yet. */
  readonly state: InspectedLease["state"] | "kept" | "new";
  readonly ports: readonly number[];
  readonly url: string | null;
  /** The process that listens, else the one that the lease lives with; `null`: there is none. */
  readonly pid: number | null;
  readonly command: string | null;
}

export interface ContextPlace {
  readonly project: string;
  /** The branch. */
  readonly worktree: string;
  readonly folder: string | null;
  readonly presence: PlaceGroup["presence"];
  readonly services: readonly ContextService[];
}

export interface Context {
  readonly here: ContextPlace;
  /** Other worktrees of the project that have or keep ports. */
  readonly worktrees: readonly ContextPlace[];
  /** The services here that the config has a command for. */
  readonly startable: readonly string[];
  readonly others: {
    /** Other projects. */
    readonly projects: number;
    /** Leases of living processes that belong to no project. */
    readonly leases: number;
  };
  /** What is wrong with the config; `null`: nothing. */
  readonly problem: string | null;
}

export async function lookUpContext(project: Project): Promise<Context> {
  const [surveyed, places] = await Promise.all([survey(project.registry), placesOf(project)]);
  const { place } = project;
  const { groups, leases, sightingOf } = overview(surveyed, {
    current: place,
    places,
    urlOf: urlsByConfig(),
  });
  const own = groups.find(({ isCurrent }) => isCurrent);
  const { configured, startable, problem } = configuredIn(project);
  const running = (own?.services ?? []).map(toService);
  const missing = configured.filter((name) => !running.some(({ service }) => service === name));
  const here = places.find(
    ({ project: { id }, worktree }) => id === place.project.id && worktree.id === place.worktree.id,
  );
  return {
    here: {
      project: here?.project.label ?? place.project.label,
      worktree: place.worktree.label,
      folder: place.worktree.folder,
      presence: "here",
      services: [...running, ...missing.map(toNew)],
    },
    worktrees: groups.filter((group) => group !== own && group.project.id === place.project.id).map(toPlace),
    startable,
    others: {
      projects: new Set(groups.map((group) => group.project.id).filter((id) => id !== place.project.id)).size,
      leases: leases.filter((lease) => sightingOf(lease).livesWith !== null).length,
    },
    problem,
  };
}

/** The services that the config names: none where it cannot be read. */
function configuredIn(project: Project): Pick<Context, "startable" | "problem"> & {
  readonly configured: readonly string[];
} {
  try {
    const services = [...project.config.services.values()];
    const startable = services.filter(({ command }) => command !== null);
    return { configured: services.map(nameOf), startable: startable.map(nameOf), problem: null };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { configured: [], startable: [], problem };
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function toPlace({ project, worktree, folder, presence, services }: PlaceGroup): ContextPlace {
  return {
    project: project.label,
    worktree: worktree.label,
    folder,
    presence,
    services: services.map(toService),
  };
}

function toService({ service, lease, reservation, url }: ShownService): ContextService {
  const state = reservation?.state === "taken" ? "taken" : "kept";
  if (!lease) return { service, state, ports: reservation?.ports ?? [], url, pid: null, command: null };
  const { pid, command } = processOf(lease);
  return { service, state: lease.state, ports: lease.ports, url, pid, command };
}

function toNew(service: string): ContextService {
  return { service, state: "new", ports: [], url: null, pid: null, command: null };
}
