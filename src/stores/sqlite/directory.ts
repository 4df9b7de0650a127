// The state folder: made on first use, for its owner alone.

import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { PortError } from "../../core/index.ts";
import { reason, unavailable } from "./failure.ts";

/**
 * Makes sure that `directory` is a folder which this user can write.
 *
 * @throws PortError `STORE_UNAVAILABLE` that says what is in the way.
 */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!statSync(directory).isDirectory()) throw unavailable(directory, "it is a file, not a folder");
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "EEXIST":
      case "ENOTDIR":
        throw unavailable(directory, "it, or a folder above it, is a file", error);
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
