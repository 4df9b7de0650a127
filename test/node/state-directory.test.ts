// Where the state folder is, from what a user said and what the system says.

import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { stateDirectory, type Surroundings, surroundings } from "../../src/node/state-directory.ts";

function on(platform: NodeJS.Platform, env: Surroundings["env"] = {}): Surroundings {
  return { platform, env, home: "/home/ada" };
}

describe("the state folder", () => {
  it.each<[string, string | undefined, Surroundings, string]>([
    ["is the one that was asked for", "/a/b", on("linux", { MOORAGE_DIR: "/c" }), "/a/b"],
    ["is taken from where the program runs", "a/../b", on("linux"), resolve("b")],
    ["is $MOORAGE_DIR", undefined, on("linux", { MOORAGE_DIR: "/c", XDG_STATE_HOME: "/x" }), "/c"],
    [
      "is $MOORAGE_DIR from where the program runs",
      undefined,
      on("darwin", { MOORAGE_DIR: "c" }),
      resolve("c"),
    ],
    [
      "is the user's when $MOORAGE_DIR is empty",
      undefined,
      on("linux", { MOORAGE_DIR: "" }),
      "/home/ada/.local/state/moorage",
    ],
    ["is below $XDG_STATE_HOME", undefined, on("linux", { XDG_STATE_HOME: "/x" }), "/x/moorage"],
    [
      "is not below a relative $XDG_STATE_HOME",
      undefined,
      on("linux", { XDG_STATE_HOME: "x" }),
      "/home/ada/.local/state/moorage",
    ],
    [
      "is not below an empty $XDG_STATE_HOME",
      undefined,
      on("linux", { XDG_STATE_HOME: "" }),
      "/home/ada/.local/state/moorage",
    ],
    ["is in .local/state on FreeBSD", undefined, on("freebsd"), "/home/ada/.local/state/moorage"],
    [
      "is in Application Support on macOS",
      undefined,
      on("darwin", { XDG_STATE_HOME: "/x" }),
      "/home/ada/Library/Application Support/moorage",
    ],
    ["is in $LOCALAPPDATA on Windows", undefined, on("win32", { LOCALAPPDATA: "/l" }), "/l/moorage/State"],
    ["is in AppData without it", undefined, on("win32"), "/home/ada/AppData/Local/moorage/State"],
  ])("%s", (_, directory, around, expected) => {
    expect(stateDirectory(directory, around)).toBe(join(expected));
  });

  it.each([
    ["", RangeError, "`directory`: expected the path of a folder, received an empty text"],
    ["  \n", RangeError, "`directory`: expected the path of a folder, received an empty text"],
    [80, TypeError, "`directory`: expected a string, received 80"],
    [null, TypeError, "`directory`: expected a string, received null"],
    [new URL("file:///tmp"), TypeError, "`directory`: expected a string, received an object"],
  ])("cannot be %j", (directory, kind, message) => {
    const ask = (): string => stateDirectory(directory as string, on("linux"));
    expect(ask).toThrow(kind);
    expect(ask).toThrow(message);
  });
});

describe("the surroundings", () => {
  it("are those of this process", () => {
    expect(surroundings()).toEqual({ env: process.env, platform: process.platform, home: homedir() });
  });
});
