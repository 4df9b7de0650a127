// Whose port is it that `moorage get` prints? The process that called: the nearest ancestor that is not a
// package runner (npm, npx, pnpm, yarn) or the shell such a runner put in between, for those are gone as soon
// as the port is printed.

import { basename } from "node:path";
import type { ProcessIdentity } from "../contract/index.ts";

const RUNNERS = new Set([
  "npm",
  "npx",
  "npm-cli.js",
  "npx-cli.js",
  "pnpm",
  "pnpx",
  "pnpm.cjs",
  "yarn",
  "yarn.js",
]);
const SHELLS = new Set(["sh", "bash", "dash", "zsh", "ash", "cmd.exe"]);

/** The caller among the ancestors of a process, its parent first; `undefined` when it has none. */
export function findCaller<Ancestor extends Pick<ProcessIdentity, "command">>(
  ancestors: readonly Ancestor[],
): Ancestor | undefined {
  return (
    ancestors.find(({ command }, at) => {
      if (isRunner(command)) return false;
      const above = ancestors[at + 1];
      return !(isShellWithCommand(command) && above && isRunner(above.command));
    }) ?? ancestors[0]
  );
}

function isRunner(command: string): boolean {
  const [program = "", script = ""] = command.split(" ");
  return RUNNERS.has(basename(program)) || (basename(program) === "node" && RUNNERS.has(basename(script)));
}

function isShellWithCommand(command: string): boolean {
  const [program = "", option = ""] = command.split(" ");
  return SHELLS.has(basename(program)) && /^(?:-\w*c|\/[dsc])$/u.test(option);
}
