// Folders of projects as a test of the command line runs in them.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Finished, type Folder, MAIN, type Started } from "./moorage.ts";

/** A new folder with these files, texts or values of JSON; gone with the test. */
export function projectWith(files: Readonly<Record<string, unknown>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "moorage-project-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** Starts `moorage` in a folder of a project. */
export function startIn(
  state: Folder,
  cwd: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Started {
  return state.start(process.execPath, [MAIN, ...parameters], { cwd, env });
}

/** Runs `moorage` in a folder of a project to its end. */
export function runIn(
  state: Folder,
  cwd: string,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  return startIn(state, cwd, parameters, env).finished;
}
