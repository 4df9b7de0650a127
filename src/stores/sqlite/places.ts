// The state folder and the files in it, from outside: whose they are, who may read and write them, and whether
// there is room.

import { accessSync, constants, type Stats, statfsSync, statSync } from "node:fs";
import { geteuid } from "node:process";
import { reason } from "./failure.ts";

/** What was looked at, and what is to be said of it. */
export interface StoreFinding {
  readonly check: "folder" | "disk" | "database" | "log";
  readonly state: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
}

export const REPAIR = "run `moorage doctor --repair`";

const MEBIBYTE = 1024 * 1024;
const SPACE = { problem: MEBIBYTE, warning: 64 * MEBIBYTE };
export interface Folder {
  readonly finding: StoreFinding;
  readonly isThere: boolean;
  /** Whether nothing can be done in it. */
  readonly isInTheWay: boolean;
  /** Whether others may look or write into it. */
  readonly isOpen: boolean;
}

export function lookAtFolder(directory: string): Folder {
  const problem = (message: string, advice: string): Folder => ({
    finding: { check: "folder", state: "problem", message: `${directory}: ${message}`, advice },
    isThere: true,
    isInTheWay: true,
    isOpen: false,
  });
  let stat: Stats | undefined;
  try {
    stat = statSync(directory, { throwIfNoEntry: false });
  } catch (error) {
    return problem(reason(error), "use a state folder of your own: set MOORAGE_DIR");
  }
  if (!stat) {
    const message = `${directory}: not there yet, it is made on first use`;
    return {
      finding: { check: "folder", state: "ok", message },
      isThere: false,
      isInTheWay: false,
      isOpen: false,
    };
  }
  if (!stat.isDirectory()) {
    return problem("it is a file, not a folder", "move it away, or set MOORAGE_DIR to another folder");
  }
  if (isAnothers(stat)) {
    return problem(
      `it belongs to the user with id ${stat.uid}, and this is user ${geteuid?.()}`,
      "use a state folder of your own: set MOORAGE_DIR",
    );
  }
  const mode = `${directory}: its mode is ${octal(stat)}`;
  if (isOpenToOthers(stat, 0o022)) {
    const { finding, ...rest } = problem("", "");
    const message = `${mode}, others may write there: every command refuses it`;
    const advice = `${REPAIR}, or \`chmod 700 ${directory}\``;
    return { ...rest, finding: { ...finding, message, advice }, isInTheWay: false, isOpen: true };
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return problem(
      `this user may not write there (${reason(error)})`,
      "make it writable, or set MOORAGE_DIR",
    );
  }
  const isOpen = isOpenToOthers(stat, 0o077);
  const finding: StoreFinding = isOpen
    ? {
        check: "folder",
        state: "warning",
        message: `${mode}, others may read there`,
        advice: `${REPAIR}, or \`chmod 700 ${directory}\``,
      }
    : { check: "folder", state: "ok", message: directory };
  return { finding, isThere: true, isInTheWay: false, isOpen };
}

export function lookAtDisk(directory: string): StoreFinding[] {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(directory);
    free = bavail * bsize;
  } catch {
    return [];
  }
  const message = `${Math.floor(free / MEBIBYTE)} MiB free`;
  if (free >= SPACE.warning) return [{ check: "disk", state: "ok", message }];
  const state = free < SPACE.problem ? "problem" : "warning";
  return [{ check: "disk", state, message, advice: "make room: a grant that cannot be recorded is refused" }];
}

/** What is in the way of the file itself, before anybody looks into it. */
export function accessFinding(path: string, stat: Stats | undefined): StoreFinding | undefined {
  if (!stat) return undefined;
  const finding = (state: "warning" | "problem", message: string, advice: string): StoreFinding => ({
    check: "database",
    state,
    message: `${path}: ${message}`,
    advice,
  });
  if (!stat.isFile()) return finding("problem", "it is no file", "move it away");
  if (isAnothers(stat)) {
    return finding(
      "problem",
      `it belongs to the user with id ${stat.uid}`,
      "set MOORAGE_DIR to another folder",
    );
  }
  const advice = `${REPAIR}, or \`chmod 600 ${path}\``;
  if (isOpenToOthers(stat, 0o022)) {
    return finding("problem", `its mode is ${octal(stat)}, others may write there`, advice);
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return finding("problem", `this user may not write there (${reason(error)})`, `\`chmod 600 ${path}\``);
  }
  return isOpenToOthers(stat, 0o077)
    ? finding("warning", `its mode is ${octal(stat)}, others may read there`, advice)
    : undefined;
}

function isAnothers({ uid }: Stats): boolean {
  return geteuid !== undefined && uid !== geteuid();
}

export function isOpenToOthers(stat: Stats | undefined, bits: number): boolean {
  return geteuid !== undefined && stat !== undefined && !isAnothers(stat) && (stat.mode & bits) !== 0;
}

function octal({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}
