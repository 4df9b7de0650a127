// Whether a command can be started, found out as execvp(3) does and said as spawn() says it.
//
// For commands that are started through a shell, which would say it in words of its own.

import { accessSync, constants, statSync } from "node:fs";
import { constants as system } from "node:os";
import { join } from "node:path";

/** Where execvp(3) of the GNU C library looks when there is no PATH. */
const USUAL_PATH = "/bin:/usr/bin";

/** @throws an error with a `code` and an `errno` when `command` is nowhere on `path`, or may not be started. */
export function expectProgram(command: string, path: string = USUAL_PATH): void {
  if (command.includes("/")) return expectExecutable(command);
  let refusal: unknown;
  for (const folder of path.split(":")) {
    try {
      return expectExecutable(join(folder === "" ? "." : folder, command));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") refusal ??= error;
    }
  }
  throw refusal ?? notStarted("ENOENT");
}

export function isProgram(command: string, path?: string): boolean {
  try {
    expectProgram(command, path);
    return true;
  } catch {
    return false;
  }
}

function expectExecutable(path: string): void {
  accessSync(path, constants.X_OK);
  // A folder can be searched, which is what X_OK says of it.
  if (statSync(path).isDirectory()) throw notStarted("EACCES");
}

function notStarted(code: "ENOENT" | "EACCES"): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code, errno: -system.errno[code] });
}
