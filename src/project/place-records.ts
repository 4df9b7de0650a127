// What the store knows of a project: where it is, what tells its folder from another one, and its worktrees. One slot
// each, beside the leases; the registry knows nothing of them.
//
// They are notes: one that is missing or cannot be read is written anew the next time somebody works there, and costs
// at most that a project which was moved meanwhile is taken for a new one.

import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Slot } from "../contract/index.ts";
import { mountPointOf } from "./mounts.ts";
import type { Place } from "./place.ts";

/** A worktree, as it was when a service of it was last given a port. */
export interface WorktreeRecord {
  readonly label: string;
  readonly folder: string;
  /** git's own name for a linked worktree, by which it finds it; `null`: the main one. */
  readonly gitId: string | null;
  /** Where the file system of the folder was mounted. */
  readonly mount: string;
  /** When it was first found missing, in milliseconds since the Unix epoch; `null`: it was there. */
  readonly missingSince: number | null;
}

export interface PlaceRecord {
  readonly label: string;
  readonly folder: string;
  readonly gitFolder: string | null;
  /** What tells its folder from every other one, also when it is moved; `null` where the file system does not say. */
  readonly inode: string | null;
  readonly worktrees: Readonly<Record<string, WorktreeRecord>>;
}

export const PLACE_PREFIX = "place/";

export function placeKey(projectId: string): string {
  return PLACE_PREFIX + projectId;
}

export function projectIdOf({ key }: Pick<Slot, "key">): string {
  return key.slice(PLACE_PREFIX.length);
}

/** `undefined` when there is none, or none that can be read. */
export function readPlace(slot: Slot | undefined): PlaceRecord | undefined {
  try {
    const value = slot && (JSON.parse(slot.value) as unknown);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value of the slot; `null`: nothing is left of it. */
export function writePlace(record: PlaceRecord): string | null {
  return Object.keys(record.worktrees).length === 0 ? null : JSON.stringify(record);
}

/** The folder that a project is told by: git's, which all its worktrees have in common, or its own. */
export function originOf({ folder, gitFolder }: Pick<PlaceRecord, "folder" | "gitFolder">): string {
  return gitFolder ?? folder;
}

/**
 * What tells a folder from others of its file system, and stays when it is moved there: its number, and when it was
 * made, for numbers are given again. `null` when the file system does not tell, or there is none.
 */
export function inodeOf(folder: string): string | null {
  try {
    const { ino, birthtimeNs } = statSync(folder, { bigint: true });
    return birthtimeNs > 0n ? `${ino}-${birthtimeNs}` : null;
  } catch {
    return null;
  }
}

/** The record of a project with this worktree as it is now; the others stay as they were. */
export function recordOf({ project, worktree }: Place, before: PlaceRecord | undefined): PlaceRecord {
  const { label, folder, gitFolder } = project;
  const known = before?.worktrees[worktree.id];
  const isSame = known?.folder === worktree.folder && known.missingSince === null;
  return {
    label,
    folder,
    gitFolder,
    inode: inodeOf(originOf(project)),
    worktrees: {
      ...before?.worktrees,
      [worktree.id]: {
        label: worktree.label,
        folder: worktree.folder,
        gitId: worktree.isMain ? null : basename(worktree.gitFolder ?? ""),
        mount: isSame ? known.mount : mountPointOf(worktree.folder),
        missingSince: null,
      },
    },
  };
}

function isRecord(value: unknown): value is PlaceRecord {
  if (!isObject(value)) return false;
  const { label, folder, gitFolder, inode, worktrees } = value;
  return (
    [label, folder].every(isText) &&
    [gitFolder, inode].every(isTextOrNull) &&
    isObject(worktrees) &&
    Object.values(worktrees).every(isWorktree)
  );
}

function isWorktree(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { label, folder, gitId, mount, missingSince } = value;
  return (
    [label, folder, mount].every(isText) &&
    isTextOrNull(gitId) &&
    (missingSince === null || typeof missingSince === "number")
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value);
}
