// Who has the database open. Every connection to a database with a log keeps a lock on the file, and Linux shows
// all locks to everybody, whatever the user; not those of another pid namespace.

import { existsSync, readFileSync, statSync } from "node:fs";
import { pid as ownPid } from "node:process";

export interface Users {
  /** Other processes than this one. */
  readonly pids: readonly number[];
  /** Whether that is all that can be said: no lists, but a log beside the database that somebody may be writing. */
  readonly isGuess: boolean;
}

const LOCKS = "/proc/locks";

export function usersOf(path: string): Users {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!file) return { pids: [], isGuess: false };
  let locks: string;
  try {
    locks = readFileSync(LOCKS, "utf8");
  } catch {
    return { pids: [], isGuess: existsSync(`${path}-shm`) };
  }
  const pids = new Set<number>();
  for (const line of locks.split("\n")) {
    // "1: POSIX  ADVISORY  READ 27247 fe:00:2392446 128 128": the pid, then device and inode. The device is not
    // the one that stat() tells on every file system, so the inode decides.
    const [, pid, inode] = / (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /u.exec(line) ?? [];
    if (inode === String(file.ino) && Number(pid) !== ownPid) pids.add(Number(pid));
  }
  return { pids: [...pids].toSorted((a, b) => a - b), isGuess: false };
}
