// Folders and git repositories to find places in.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const hasGit: boolean = spawnSync("git", ["--version"]).status === 0;

export interface Scene extends Disposable {
  readonly folder: string;
  /** The path of something in the folder. */
  at(...names: readonly string[]): string;
  /** Writes a file, and the folders that it takes; returns its folder. */
  write(path: string, content?: unknown): string;
  /** Runs git in a folder. */
  git(folder: string, ...parameters: readonly string[]): string;
  /** Makes a repository with a commit; returns its folder. */
  repository(name: string): string;
}

/** Runs git as somebody whom no setting of this machine knows, and returns what it says. */
function git(where: string, ...parameters: readonly string[]): string {
  const identity = [
    "-c",
    "user.name=Ada",
    "-c",
    "user.email=ada@example.org",
    "-c",
    "init.defaultBranch=main",
  ];
  // A submodule of a folder is a clone by its path.
  const local = ["-c", "protocol.file.allow=always"];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  return execFileSync("git", [...identity, ...local, ...parameters], {
    cwd: where,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env,
  }).trim();
}

/** A new folder, without links in its path. */
export function newScene(): Scene {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "moorage-project-")));
  const at = (...names: readonly string[]): string => join(folder, ...names);
  return {
    folder,
    at,
    git,
    write(path, content = "") {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), typeof content === "string" ? content : JSON.stringify(content));
      return dirname(at(path));
    },
    repository(name) {
      mkdirSync(at(name), { recursive: true });
      git(at(name), "init", "--quiet");
      git(at(name), "commit", "--quiet", "--allow-empty", "--message", "begin");
      return at(name);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
