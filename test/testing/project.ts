// A project as a user has it: a folder with the runner and this package in its node_modules.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";

export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

export interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** A folder with the files of these folders of the package; gone with its test. */
export function makeProject(sources: readonly string[], packages: readonly string[]): string {
  const folder = join(temporaryFolder(), "project");
  for (const source of sources) cpSync(join(PACKAGE, source), folder, { recursive: true });
  link(folder, "moorage", PACKAGE);
  for (const name of packages) link(folder, name, join(PACKAGE, "node_modules", name));
  return folder;
}

/** Starts a runner in a project, with what it is given beside this environment. */
export function startRun(
  folder: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Run {
  // Detached, so that all of its processes can be killed at once.
  const child = spawn(process.execPath, command, {
    cwd: folder,
    detached: true,
    env: { ...process.env, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  onTestFinished(() => kill(child));
  return { process: child, ended };
}

/** Ends a run with all its processes, by kill -9. */
export function kill({ pid, exitCode, signalCode }: ChildProcess): void {
  if (exitCode === null && signalCode === null) process.kill(-pid!, "SIGKILL");
}

function link(folder: string, name: string, target: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
