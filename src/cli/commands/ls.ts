// moorage ls: every lease and the state it is in, by the place that it belongs to, for people or as JSON.

import { openProject, type Project } from "../../project/index.ts";
import { EXIT } from "../exit-codes.ts";
import { toJson } from "../ls/json.ts";
import { lookAround } from "../ls/look.ts";
import { toText } from "../ls/text.ts";
import { watch } from "../ls/watch.ts";
import { print, say, sayError } from "../output.ts";
import { terminalOf } from "../show/terminal.ts";

export interface LsFlags {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly watch?: boolean;
}

export async function ls({ all = false, json = false, watch: isWatching = false }: LsFlags): Promise<number> {
  await using project = await openProject();
  const look = () => lookAround(project, { all });
  if (isWatching) return await watch(look, { json });
  if (json) {
    await print(`${JSON.stringify(toJson(await look()), null, 2)}\n`);
    return EXIT.OK;
  }
  const { tables, remarks } = toText(await look(), terminalOf(process.stdout, process.env), Date.now());
  for (const lines of tables) if (!(await print(lines))) break;
  for (const remark of remarks) say(remark);
  sayProblem(project);
  return EXIT.OK;
}

/** What a config says that cannot be read is missing from what is shown. */
function sayProblem(project: Project): void {
  try {
    void project.config;
  } catch (error) {
    sayError(error);
  }
}
