// Why a service did not get the port that it wanted: who has that one, in words.

import { nameStart } from "../core/selection.ts";
import { formatHolder, type LeaseInfo, type Registry, type World } from "../registry/index.ts";
import { findPlace } from "./place.ts";
import { placeKey, readPlace } from "./place-records.ts";
import { parseServiceName } from "./service-name.ts";

/** A service that wanted one port and got another one. */
export interface Shortfall {
  readonly wanted: number;
  readonly got: number;
  /** "24310 is held by node (pid 42)"; without a name of a place. */
  readonly reason: string;
  /** Where whoever has it is; `null`: not known. */
  readonly place: { readonly folder: string; readonly label: string } | null;
}

/** The port that a name points at, which is tried first where nobody wishes for another one. */
export function portFor({ defaultPool: { ports } }: World, name: string): number | null {
  return ports.size === 0 ? null : ports.nth(nameStart(name, ports.size));
}

/** Who has the port that was wanted. */
export async function shortfallOf(
  registry: Registry,
  world: World,
  { wanted, got }: Pick<Shortfall, "wanted" | "got">,
): Promise<Shortfall> {
  const has = ({ ports }: { readonly ports: readonly number[] }): boolean => ports.includes(wanted);
  const lease = (await registry.list()).find((one) => has(one) && one.state === "held");
  if (lease) {
    const who = formatHolder(tenantOf(world, lease));
    return {
      wanted,
      got,
      reason: `${wanted} is held by ${who}`,
      place: await placeOfName(world, lease.name),
    };
  }
  const kept = (await registry.reservations()).find(has);
  if (kept) {
    const service = parseServiceName(kept.name)?.service ?? kept.name;
    return {
      wanted,
      got,
      reason: `${wanted} is kept for ${service}`,
      place: await placeOfName(world, kept.name),
    };
  }
  const [owner] = (await world.host.listeners?.({ port: wanted }))?.flatMap(({ owners }) => owners) ?? [];
  if (owner) {
    return {
      wanted,
      got,
      reason: `${wanted} is in use by ${formatHolder(owner)}`,
      place: placeOfFolder(owner.folder),
    };
  }
  return { wanted, got, reason: `${wanted} could not be had`, place: null };
}

/** "web: wanted 24310, got 24311: 24310 is held by node (pid 42) in ~/shop [feature/x]". */
export function formatShortfall(
  service: string,
  { wanted, got, reason, place }: Shortfall,
  home: string,
): string {
  const folder =
    place?.folder.startsWith(`${home}/`) === true ? `~${place.folder.slice(home.length)}` : place?.folder;
  const where = place ? ` in ${folder} [${place.label}]` : "";
  return `${service}: wanted ${wanted}, got ${got}: ${reason}${where}`;
}

function tenantOf({ host }: World, { holder, heir }: LeaseInfo): LeaseInfo["holder"] {
  return heir && host.liveness(holder) === "dead" ? heir : holder;
}

async function placeOfName({ store, scope }: World, name: string | null): Promise<Shortfall["place"]> {
  const parts = parseServiceName(name ?? "");
  if (!parts) return null;
  const key = placeKey(parts.project);
  const worktree = readPlace((await store.read(scope, [key])).get(key))?.worktrees[parts.worktree];
  return worktree ? { folder: worktree.folder, label: worktree.label } : null;
}

function placeOfFolder(folder: string | null): Shortfall["place"] {
  try {
    return folder === null ? null : findPlace(folder).worktree;
  } catch {
    // Gone, or not ours to see.
    return null;
  }
}
