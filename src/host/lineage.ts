// The processes that one descends from, on Linux, and which of them are mere copies of their parents.
//
// A shell forks to run `$(… | …)` or `( … )`: the copy has the shell's command line and its memory. A start
// of a program has another layout in memory, even of the same program with the same arguments, unless the
// kernel was told not to choose places at random.

import { isHidden, type ProcessStat, readArguments, readStat } from "./proc.ts";

/** A process in a line of descent. */
export interface Forebear {
  readonly pid: number;
  readonly stat: ProcessStat;
  readonly commandLine: readonly string[];
}

/** The process `pid`, its parent, and so on, up to the first one or one that this user may not see. */
export function readLineage(pid: number): Forebear[] {
  const line: Forebear[] = [];
  for (let at = pid; at > 0 && line.every((forebear) => forebear.pid !== at);) {
    const forebear = read(at);
    if (!forebear) break;
    line.push(forebear);
    at = forebear.stat.parent;
  }
  return line;
}

export function isCopy(child: Forebear, parent: Forebear | undefined): boolean {
  return (
    child.stat.layout !== undefined &&
    child.stat.layout === parent?.stat.layout &&
    child.commandLine.join("\0") === parent.commandLine.join("\0")
  );
}

function read(pid: number): Forebear | undefined {
  try {
    const stat = readStat(pid);
    return stat && { pid, stat, commandLine: readArguments(pid) };
  } catch (error) {
    if (isHidden(error)) return undefined;
    throw error;
  }
}
