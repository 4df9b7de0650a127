// Giving up what services of worktrees keep that are gone.
//
// Gone for certain is a linked worktree that git does not know any more. A folder that is not there may have been moved,
// and then its services are to find their ports when somebody works there again: it is waited for, for a week.
// What is on a file system that is not mounted is left alone.

import { PortError } from "../core/index.ts";
import type { Registry } from "../registry/index.ts";
import {
  PLACE_PREFIX,
  placeKey,
  type PlaceRecord,
  projectIdOf,
  readPlace,
  type WorktreeRecord,
  writePlace,
} from "./place-records.ts";
import { presenceOf } from "./presence.ts";
import { namePrefix } from "./service-name.ts";
import type { Scoped } from "./settle.ts";

/** For how long a folder that may have been moved is waited for. */
export const PATIENCE_MS: number = 7 * 86_400_000;

export interface PruneOptions {
  /** Only say what would be pruned. @default false */
  readonly dryRun?: boolean | undefined;
  /** Also what has not been missing for a week yet. @default false */
  readonly missing?: boolean | undefined;
}

/** A worktree that is gone, and what its services kept. */
export interface Pruned {
  readonly project: string;
  readonly label: string;
  readonly folder: string;
  /** `deleted`: git does not know it any more. `missing`: its folder is not there. */
  readonly because: "deleted" | "missing";
  readonly services: readonly { readonly service: string; readonly ports: readonly number[] }[];
}

export interface Pruning extends Scoped {
  readonly registry: Registry;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The id of the only project to look at. @default all */
  readonly only?: string;
}

/** Prunes what is gone, and notes what is missing. */
export async function prune(
  { store, scope, registry, now, only }: Pruning,
  { dryRun = false, missing = false }: PruneOptions,
): Promise<Pruned[]> {
  const slots =
    only === undefined
      ? await store.list(scope, PLACE_PREFIX)
      : [...(await store.read(scope, [placeKey(only)])).values()];
  const pruned: Pruned[] = [];
  for (const slot of slots) {
    const record = readPlace(slot);
    if (!record) continue;
    const { staying, gone } = sort(record, now, missing ? 0 : PATIENCE_MS);
    for (const { id, worktree, because } of gone) {
      const prefix = namePrefix({ project: { id: projectIdOf(slot) }, worktree: { id } });
      const services = await keptUnder(registry, prefix);
      if (!dryRun) for (const { service } of services) await giveUp(registry, prefix + service);
      pruned.push({
        project: record.label,
        label: worktree.label,
        folder: worktree.folder,
        because,
        services,
      });
    }
    const value = writePlace({ ...record, worktrees: staying });
    if (dryRun || value === slot.value) continue;
    // Whoever writes it at the same time has just been there.
    await store.commit(scope, [{ key: slot.key, ifRevision: slot.revision, value }], {
      durable: gone.length > 0,
    });
  }
  return pruned;
}

interface Gone {
  readonly id: string;
  readonly worktree: WorktreeRecord;
  readonly because: "deleted" | "missing";
}

function sort(
  project: PlaceRecord,
  now: number,
  patienceMs: number,
): { readonly staying: Record<string, WorktreeRecord>; readonly gone: readonly Gone[] } {
  const staying: Record<string, WorktreeRecord> = {};
  const gone: Gone[] = [];
  for (const [id, worktree] of Object.entries(project.worktrees)) {
    const presence = presenceOf(project, worktree);
    const since = presence === "missing" ? (worktree.missingSince ?? now) : null;
    if (presence === "deleted") gone.push({ id, worktree, because: presence });
    else if (since !== null && now - since >= patienceMs) gone.push({ id, worktree, because: "missing" });
    else staying[id] = { ...worktree, missingSince: since };
  }
  return { staying, gone };
}

async function keptUnder(registry: Registry, prefix: string): Promise<Pruned["services"]> {
  return (await registry.reservations())
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, ports }) => ({ service: name.slice(prefix.length), ports }));
}

async function giveUp(registry: Registry, name: string): Promise<void> {
  try {
    await registry.giveUp(name);
  } catch (error) {
    // Somebody else was quicker.
    if (!PortError.is(error) || error.code !== "LEASE_NOT_FOUND") throw error;
  }
}
