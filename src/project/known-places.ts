// All places that a store knows of, for whoever shows names of services.

import { findPlace } from "./place.ts";
import {
  PLACE_PREFIX,
  type PlaceRecord,
  projectIdOf,
  readPlace,
  type WorktreeRecord,
} from "./place-records.ts";
import { type Presence, presenceOf } from "./presence.ts";
import type { Scoped } from "./settle.ts";

export interface KnownWorktree {
  readonly id: string;
  /** Its branch, as it is now; where that cannot be read, as it was. */
  readonly label: string;
  readonly folder: string;
  readonly presence: Presence;
}

export interface KnownProject {
  /** With what the full names of its services begin. */
  readonly id: string;
  readonly label: string;
  readonly folder: string;
  readonly worktrees: readonly KnownWorktree[];
}

/** The projects of which services have or had ports, in the order of their ids. */
export async function knownPlaces({ store, scope }: Scoped): Promise<KnownProject[]> {
  return (await store.list(scope, PLACE_PREFIX)).flatMap((slot) => {
    const record = readPlace(slot);
    if (!record) return [];
    const { label, folder } = record;
    const worktrees = Object.entries(record.worktrees).map(([id, one]) => toKnown(record, id, one));
    return [{ id: projectIdOf(slot), label, folder, worktrees }];
  });
}

function toKnown(project: PlaceRecord, id: string, worktree: WorktreeRecord): KnownWorktree {
  const presence = presenceOf(project, worktree);
  const { folder } = worktree;
  return { id, label: presence === "here" ? labelIn(worktree) : worktree.label, folder, presence };
}

function labelIn({ folder, label }: WorktreeRecord): string {
  try {
    const { worktree } = findPlace(folder);
    return worktree.folder === folder ? worktree.label : label;
  } catch {
    return label;
  }
}
