// The places that services belong to, as lists show them.

import type { Project } from "../project/index.ts";
import type { ShownPlace } from "./overview.ts";

/** All places that the store knows of, and the current one, as it is now. */
export async function placesOf(project: Pick<Project, "place" | "places">): Promise<ShownPlace[]> {
  const { place } = project;
  const known = (await project.places()).flatMap(({ worktrees, ...one }) =>
    worktrees.map(({ id, label, folder, presence }) => ({
      project: { id: one.id, label: one.label },
      worktree: { id, label },
      folder,
      presence,
    })),
  );
  const isCurrent = ({ project: { id }, worktree }: ShownPlace): boolean =>
    id === place.project.id && worktree.id === place.worktree.id;
  const label = known.find(isCurrent)?.project.label ?? place.project.label;
  const here: ShownPlace = {
    project: { id: place.project.id, label },
    worktree: { id: place.worktree.id, label: place.worktree.label },
    folder: place.worktree.folder,
    presence: "here",
  };
  return [...known.filter((one) => !isCurrent(one)), here];
}
