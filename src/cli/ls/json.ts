// `moorage ls --json`: all that is known, each lease with the place that it belongs to.

import { inspected } from "../../inspect/index.ts";
import type { PlaceGroup } from "../../report/overview.ts";
import type { Look } from "./look.ts";

/** The version of the shape; it grows when a field changes its meaning or goes. */
const VERSION = 3;

/** Whose a lease or a kept port is; all `null`: nobody's. */
interface Belonging {
  readonly project: PlaceGroup["project"] | null;
  readonly worktree: (PlaceGroup["worktree"] & Pick<PlaceGroup, "folder" | "presence" | "isCurrent">) | null;
  readonly service: string | null;
  readonly url: string | null;
}

const NOBODYS: Belonging = { project: null, worktree: null, service: null, url: null };

export function toJson({ survey, overview, strangers }: Look): object {
  const { leases, sightingOf, reservations } = survey;
  const byName = new Map<string, Belonging>();
  for (const group of overview.groups) {
    const { project, worktree, folder, presence, isCurrent } = group;
    for (const { service, url } of group.services) {
      byName.set(`${project.id}/${worktree.id}/${service}`, {
        project: { id: project.id, label: project.label },
        worktree: { id: worktree.id, label: worktree.label, folder, presence, isCurrent },
        service,
        url,
      });
    }
  }
  const belonging = (name: string | null): Belonging =>
    name === null ? NOBODYS : (byName.get(name) ?? NOBODYS);
  return {
    version: VERSION,
    leases: leases.map((lease) => ({ ...inspected(lease, sightingOf(lease)), ...belonging(lease.name) })),
    reservations: reservations.map((kept) => ({ ...kept, ...belonging(kept.name) })),
    ...(strangers && { strangers }),
  };
}
