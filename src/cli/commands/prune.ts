// moorage prune: gives up what services keep whose worktrees are gone.

import { openProject, type Pruned } from "../../project/index.ts";
import { printable } from "../../report/describe.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say } from "../output.ts";

export interface PruneFlags {
  readonly dryRun?: boolean;
}

export async function prune({ dryRun = false }: PruneFlags): Promise<number> {
  await using project = await openProject();
  const pruned = await project.prune({ dryRun, missing: true });
  if (pruned.length === 0) say("nothing to prune");
  const text = pruned.map((one) => `${describe(one, dryRun)}\n`).join("");
  if (dryRun) await print(text);
  else if (text !== "") say(text.trimEnd());
  return EXIT.OK;
}

/** "gave up web (24310) of shop [feature/x]: git removed the worktree /home/ada/basket". */
function describe({ project, label, folder, because, services }: Pruned, dryRun: boolean): string {
  const kept = services.map(({ service, ports }) => `${service} (${ports.join(", ")})`);
  const what = kept.length === 0 ? "nothing" : kept.join(", ");
  const where = `${project} [${label}]`;
  const why =
    because === "deleted"
      ? `git removed the worktree ${folder}`
      : `there is no folder ${folder}, and its disk is mounted`;
  return printable(`${dryRun ? "would give up" : "gave up"} ${what} of ${where}: ${why}`);
}
