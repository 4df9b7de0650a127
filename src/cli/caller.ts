// Whose port is it that `moorage get` prints? The process that called: the nearest ancestor that outlives the
// call. Package runners (npm, npx, pnpm, yarn) and the shells that they put in between do not, nor do
// subshells, as of $(moorage get | head -1), and programs that end with the command they start.

import { basename } from "node:path";
import type { Ancestor } from "../contract/index.ts";

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
const WRAPPERS = new Set(["env", "timeout", "nice", "nohup", "stdbuf", "time", "setsid", "ionice"]);
const SHELLS = new Set(["sh", "bash", "dash", "zsh", "ash", "cmd.exe"]);

/** The caller among the ancestors of a process, its parent first; `undefined` when it has none. */
export function findCaller<One extends Pick<Ancestor, "command" | "forked">>(
  ancestors: readonly One[],
): One | undefined {
  const passing = ({ command, forked }: One): boolean => forked || isWrapper(command);
  const ofRunner = ({ command }: One, at: number): boolean => {
    const above = ancestors[at + 1];
    return (
      isRunner(command) || (isShellWithCommand(command) && above !== undefined && isRunner(above.command))
    );
  };
  return (
    ancestors.find((ancestor, at) => !passing(ancestor) && !ofRunner(ancestor, at)) ??
    ancestors.find((ancestor) => !passing(ancestor)) ??
    ancestors[0]
  );
}

function isRunner(command: string): boolean {
  const [program = "", script = ""] = command.split(" ");
  return RUNNERS.has(basename(program)) || (basename(program) === "node" && RUNNERS.has(basename(script)));
}

function isWrapper(command: string): boolean {
  const [program = ""] = command.split(" ");
  return WRAPPERS.has(basename(program));
}

function isShellWithCommand(command: string): boolean {
  const [program = "", option = ""] = command.split(" ");
  return SHELLS.has(basename(program)) && /^(?:-\w*c|\/[dsc])$/u.test(option);
}
