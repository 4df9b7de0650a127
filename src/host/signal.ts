// Whether a process is there, asked with a signal that is never sent: it takes no file and no permission.

import { kill } from "node:process";

/** Whether any process has this pid. Only the kernel's "no such process" counts as a no. */
export function exists(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    // EPERM: another user's process, there, only not ours to signal.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
