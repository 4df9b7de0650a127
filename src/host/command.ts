// A command line as a message shows it.

import { basename, extname } from "node:path";

const LONGEST = 80;

/**
 * "node server.js", "moorage run -- vite": the program and its script without their folders, the arguments,
 * at most 80 characters, no control ones.
 */
export function shortCommand(commandLine: readonly string[]): string {
  const text = withoutFolders(commandLine)
    .join(" ")
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim();
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function withoutFolders([program = "", script, ...rest]: readonly string[]): string[] {
  // A program that renamed itself has one long argument with blanks, which is no path.
  if (script === undefined) return [program];
  if (!/^node(?:\.exe)?$/u.test(basename(program)) || script.startsWith("-")) {
    return [basename(program), script, ...rest];
  }
  // A script without an ending is a command that npm installed: its name says more than "node" does.
  return extname(script) === "" ? [basename(script), ...rest] : ["node", basename(script), ...rest];
}
