// What a place is called in a line: "shop  feature/basket  ~/code/shop-basket  (you are here)".

import { homedir } from "node:os";
import { sep } from "node:path";
import type { PlaceGroup } from "../../report/overview.ts";

const PRESENCES: Readonly<Record<PlaceGroup["presence"], string | undefined>> = {
  here: undefined,
  deleted: "deleted",
  missing: "not there",
  unmounted: "not mounted",
};

export function formatHeading({ project, worktree, folder, presence, isCurrent }: PlaceGroup): string {
  const remark = isCurrent ? "you are here" : PRESENCES[presence];
  const label = worktree.label === project.label ? [] : [worktree.label];
  const parts = [project.label, ...label, ...(folder === null ? [] : [fromHome(folder)])];
  return [...parts, ...(remark === undefined ? [] : [`(${remark})`])].join("  ");
}

/** "~/shop": a folder by its way from the user's own. */
export function fromHome(folder: string, home: string = homedir()): string {
  return folder === home || folder.startsWith(home + sep) ? `~${folder.slice(home.length)}` : folder;
}
