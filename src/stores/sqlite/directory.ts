// The state folder: made on first use, for its owner alone.

import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { PortError } from "../../core/index.ts";
import { reason, unavailable } from "./failure.ts";

/**
 * Makes sure that `directory` is a folder which this user can write.
 *
 * @throws PortError `STORE_UNAVAILABLE` that says what is in the way.
 */
export function prepareDirectory(directory: string): void {
  try {
    makeFolder(directory);
    if (!statSync(directory).isDirectory()) throw unavailable(directory, "it is a file, not a folder");
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "EEXIST":
      case "ENOTDIR":
        throw unavailable(directory, "it, or a folder above it, is a file", error);
      case "ENOENT":
        throw unavailable(directory, "no folder can be made there", error);
      case "EACCES":
      case "EPERM":
      case "EROFS":
        throw unavailable(directory, "this user may not write there", error);
      case "ENOSPC":
        throw unavailable(directory, "the disk is full", error);
      default:
        throw PortError.is(error) ? error : unavailable(directory, reason(error), error);
    }
  }
}

/**
 * Makes the folder and those above it that are missing. Not with the `recursive` of mkdir: in Node 20 that
 * never returns from a place where the system makes no folders, as below /proc.
 */
function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || above === path) throw error;
    makeFolder(above);
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
