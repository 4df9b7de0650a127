// The user that a process acts for, on Linux: another one than its socket's when it gave up privileges after bind().

import { readText } from "./proc.ts";

/** The effective user id of a process; `undefined` when there is none such, or the system does not tell. */
export function userOf(pid: number): number | undefined {
  try {
    // Everybody may read it, and root owns the folders of processes that may not be looked into (proc_pid(5)).
    const effective = /^Uid:\t\d+\t(\d+)/mu.exec(readText(`/proc/${pid}/status`) ?? "")?.[1];
    return effective === undefined ? undefined : Number(effective);
  } catch {
    return undefined;
  }
}
