// The state folder: made on first use, for its owner alone. Whoever else could write there could grant a port
// twice or read what was never theirs, so a folder or database of somebody else is refused.

import { accessSync, chmodSync, constants, mkdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { geteuid } from "node:process";
import { PortError } from "../../core/index.ts";
import { reason, unavailable } from "./failure.ts";

const OTHERS_MAY_WRITE = 0o022;

/** What to do where no state can be. */
const ELSEWHERE = "name another folder by `directory`, or by MOORAGE_DIR in the environment";

/**
 * Makes sure that `directory` is a folder which this user, and nobody else, can write.
 *
 * @throws PortError `STORE_UNAVAILABLE` that says what is in the way.
 */
export function prepareDirectory(directory: string): void {
  try {
    makeFolder(directory);
    const stat = statSync(directory);
    if (!stat.isDirectory()) throw unavailable(directory, "it is a file, not a folder");
    expectOwn(directory, stat, "700");
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "EEXIST":
      case "ENOTDIR":
        throw unavailable(directory, "it, or a folder above it, is a file", error);
      case "ENOENT":
        throw unavailable(directory, `no folder can be made there; ${ELSEWHERE}`, error);
      case "EACCES":
      case "EPERM":
      case "EROFS":
        throw unavailable(directory, `this user may not write there; ${ELSEWHERE}`, error);
      case "ENOSPC":
        throw unavailable(directory, "the disk is full", error);
      default:
        throw PortError.is(error) ? error : unavailable(directory, reason(error), error);
    }
  }
}

/**
 * Whether there is a database already, which must be this user's.
 *
 * @throws PortError `STORE_UNAVAILABLE` when it is not.
 */
export function expectOwnFile(path: string): boolean {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unavailable(path, reason(error), error);
  }
  if (stat) expectOwn(path, stat, "600");
  return stat !== undefined;
}

/** Gives a file that was made just now the mode that is right for it. By its path: to close it would drop SQLite's locks. */
export function keepFromOthers(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    throw unavailable(path, reason(error), error);
  }
}

/** Systems without user ids have their own ways to keep folders apart. */
function expectOwn(path: string, { uid, mode }: Stats, right: string): void {
  if (!geteuid) return;
  const user = geteuid();
  if (uid !== user) {
    const why = `it belongs to the user with id ${uid}, and this is user ${user}; use a state folder of your own`;
    throw unavailable(path, why);
  }
  if ((mode & OTHERS_MAY_WRITE) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(3, "0");
  throw unavailable(
    path,
    `other users may write there (its mode is ${octal}); run \`chmod ${right} ${path}\``,
  );
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
