// Reading /proc: who a process is. Linux only; every reader answers `undefined` where there is nothing.

import { readFileSync, readlinkSync } from "node:fs";

/** What /proc/PID/stat says of a process (proc_pid_stat(5)). */
export interface ProcessStat {
  /** One letter: R running, S sleeping, T stopped, Z zombie, X dead … */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function readStat(pid: number | "self"): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** The second field is the command in parentheses and may hold anything, a parenthesis and blanks too. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, startTime] = [fields[0], Number(fields[1]), Number(fields[19])];
  return state && Number.isInteger(parent) && Number.isInteger(startTime)
    ? { state, parent, startTime }
    : undefined;
}

/** The arguments of a process; none for a kernel thread or one that is gone. */
export function readArguments(pid: number): string[] {
  const text = readText(`/proc/${pid}/cmdline`) ?? "";
  return text.split("\0").filter((argument) => argument !== "");
}
