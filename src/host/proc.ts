// Reading /proc: who a process is. Linux only.
//
// `undefined` means one thing: the kernel said that there is no such process or file. Whatever else goes
// wrong throws (no file descriptor left, no permission, a text of another form): silence is not death.

import { readFileSync, readlinkSync } from "node:fs";

/** What /proc/PID/stat says of a process (proc_pid_stat(5)). */
export interface ProcessStat {
  /** One letter: R running, S sleeping, T stopped, Z zombie, X dead … */
  readonly state: string;
  readonly parent: number;
  /** The process group and the session that it is in, each told by the pid of its leader. */
  readonly group: number;
  readonly session: number;
  readonly threads: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
  /**
   * Where its arguments and its environment begin in memory; `undefined` where that is not told. Every start
   * of a program finds new places for them, a copy of a process has those of the original.
   */
  readonly layout: string | undefined;
}

export function readText(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, "utf8"));
}

export function readLink(path: string): string | undefined {
  return unlessMissing(() => readlinkSync(path));
}

export function readStat(pid: number | "self"): ProcessStat | undefined {
  const path = `/proc/${pid}/stat`;
  const text = readText(path);
  if (text === undefined) return undefined;
  const stat = parseStat(text);
  if (!stat) throw new Error(`${path} cannot be understood: ${JSON.stringify(text)}`);
  return stat;
}

/** The second field is the command in parentheses and may hold anything, a parenthesis and blanks too. */
export function parseStat(text: string): ProcessStat | undefined {
  // The manual counts fields from 1; what follows the command begins with the third.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .trimEnd()
    .split(" ");
  const field = (number: number): string => fields[number - 3] ?? "";
  const [parent, group, session] = [field(4), field(5), field(6)];
  const [threads, startTime] = [field(20), field(22)];
  const numbers = [parent, group, session, threads, startTime];
  if (field(3) === "" || !numbers.every((number) => /^\d+$/u.test(number))) return undefined;
  const [argumentsAt, environmentAt] = [field(48), field(50)];
  return {
    state: field(3),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    threads: Number(threads),
    startTime: Number(startTime),
    layout: isPlace(argumentsAt) && isPlace(environmentAt) ? `${argumentsAt} ${environmentAt}` : undefined,
  };
}

/** A process whose first thread has ended is shown as a zombie while its other threads go on. */
export function isOver({ state, threads }: ProcessStat): boolean {
  return state === "X" || state === "x" || (state === "Z" && threads <= 1);
}

/** The arguments of a process; none for a kernel thread or one that is gone. */
export function readArguments(pid: number): string[] {
  const text = readText(`/proc/${pid}/cmdline`) ?? "";
  return text.split("\0").filter((argument) => argument !== "");
}

/** When the machine started, in milliseconds since the Unix epoch, to a second (proc_stat(5)). */
export function readBootTime(): number {
  const seconds = /^btime (\d+)$/mu.exec(readText("/proc/stat") ?? "")?.[1];
  if (seconds === undefined) throw new Error("/proc/stat does not say when the machine started");
  return Number(seconds) * 1000;
}

/** Whether the error says that this user may not see the process, as in a /proc mounted with hidepid. */
export function isHidden(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM";
}

/** Whether the error says that there is no such file, or no such process any more. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR";
}

/**
 * Whether the pids in /proc are those that this process knows itself and others by; no where it was put into
 * a pid namespace of its own and still sees the /proc of the one around it.
 *
 * @param self what /proc/self points at
 * @param status the text of /proc/self/status, which lists the pid in each namespace from that of /proc on
 */
export function isOwnNumbering(self: string, status: string, pid: number): boolean {
  const pids = /^NSpid:(.*)$/mu.exec(status)?.[1]?.trim().split(/\s+/u) ?? [self];
  return self === String(pid) && pids.length === 1;
}

/** 12 of the 32 hexadecimal digits of a boot id, which is random: enough to tell the boots of a machine apart. */
export function shortBoot(bootId: string): string {
  return bootId.replaceAll("-", "").trim().slice(0, 12);
}

/** "pid:[4026531836]" and "time:[4026531834]" as "1ulatbc.1ulatba": the namespaces' numbers in base 36. */
export function shortNamespaces(links: readonly (string | undefined)[]): string {
  return links
    .filter((link) => link !== undefined)
    .map((link) => {
      const number = /^[a-z]+:\[(\d+)\]$/u.exec(link)?.[1];
      return number === undefined ? link : Number(number).toString(36);
    })
    .join(".");
}

/** Addresses of processes that are not ours to look into are 0. */
function isPlace(address: string): boolean {
  return /^[1-9]\d*$/u.test(address);
}

function unlessMissing<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
