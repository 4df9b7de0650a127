// Whether a worktree that was there is there now.

import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readText } from "./files.ts";
import { isMounted } from "./mounts.ts";
import type { PlaceRecord, WorktreeRecord } from "./place-records.ts";

/**
 * `deleted`: git itself does not know it any more. `unmounted`: its file system is not there. `missing`: its folder is
 * not there, and may have been deleted or moved.
 */
export type Presence = "here" | "deleted" | "missing" | "unmounted";

export function presenceOf(project: PlaceRecord, worktree: WorktreeRecord): Presence {
  const { gitFolder } = project;
  const { gitId, mount } = worktree;
  if (gitFolder !== null && isThere(gitFolder)) {
    if (gitId === null) return "here";
    const own = join(gitFolder, "worktrees", gitId);
    if (!isThere(own)) return "deleted";
    // Where git saw it last (gitrepository-layout(5)), which may be after us.
    const mark = readText(join(own, "gitdir"));
    if (mark !== undefined && isThere(dirname(resolve(own, mark)))) return "here";
  }
  if (isThere(worktree.folder)) return "here";
  return isMounted(mount) ? "missing" : "unmounted";
}

/** Whether there is something, or it cannot be said that there is nothing: an error of a disk is no answer. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}
