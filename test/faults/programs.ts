// What this machine lets a test do.

import { spawnSync } from "node:child_process";

/** Whether a program can be run here, with the rights that it needs. */
export function canRun(program: string, ...parameters: readonly string[]): boolean {
  return spawnSync(program, parameters, { stdio: "ignore" }).status === 0;
}
