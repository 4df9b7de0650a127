// What the file system says of a path, for readers to whom a file that they may not read is one that is not there.

import { readFileSync, realpathSync, type Stats, statSync } from "node:fs";

/** `undefined` when there is nothing, or nothing that this process may see. */
export function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The text of a file, without a newline at its end; `undefined` when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/u, "");
  } catch {
    return undefined;
  }
}

/** The path without links and detours; `undefined` when there is nothing. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/**
 * Whether what this file says may steer a program of this user: it is the user's own, or root's. In a folder that all
 * may write to, as /tmp, somebody else's file could have any command run.
 */
export function isTrusted({ uid }: Stats): boolean {
  const own = process.getuid?.();
  return own === undefined || own === 0 || uid === own || uid === 0;
}

/** Whether there is a file of that name whose word counts. */
export function isMark(path: string): boolean {
  const found = look(path);
  return found !== undefined && found.isFile() && isTrusted(found);
}
