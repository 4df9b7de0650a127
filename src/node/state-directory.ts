// Where the registry is kept: named by the caller, else by MOORAGE_DIR, else the user's state folder.

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { expectString } from "../core/expect.ts";

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

export function surroundings(): Surroundings {
  return { env: process.env, platform: process.platform, home: homedir() };
}

/**
 * The absolute path of the state folder.
 *
 * @throws TypeError or RangeError when `directory` is not the name of a folder.
 */
export function stateDirectory(directory: string | undefined, { env, platform, home }: Surroundings): string {
  if (directory !== undefined) {
    if (expectString("directory", directory).trim() === "") {
      throw new RangeError("`directory`: expected the path of a folder, received an empty text");
    }
    return resolve(directory);
  }
  if (env["MOORAGE_DIR"]) return resolve(env["MOORAGE_DIR"]);
  if (platform === "win32")
    return join(env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "moorage", "State");
  if (platform === "darwin") return join(home, "Library", "Application Support", "moorage");
  // A relative XDG_STATE_HOME is to be ignored (XDG Base Directory Specification).
  const state = env["XDG_STATE_HOME"];
  return join(state && isAbsolute(state) ? state : join(home, ".local", "state"), "moorage");
}
