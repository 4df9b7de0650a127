// A block of lines in a file of somebody else's, between two lines of ours: what stands outside is never touched.

import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describe } from "../core/expect.ts";
import { look, realPath } from "./files.ts";
import { findPlace } from "./place.ts";

const BEGIN = "# >>> moorage: written by `moorage env --write`, and anew each time";
const END = "# <<< moorage";
/** By what git finds a repository and its index (git(1)). */
const GIT_PLACE = new Set(["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"]);
/** As it may have been written by an older version. */
const BEGIN_LINE = /^# >>> moorage\b/u;
const END_LINE = /^# <<< moorage\b/u;

/**
 * Writes a block into a file, in place of the one that it has, else at its end. The file is replaced as a whole: nobody
 * reads half of it.
 *
 * @returns whether anything changed
 * @throws RangeError for a file that git tracks, or whose block has no end.
 */
export function writeBlock(file: string, block: string): boolean {
  const path = realPath(file) ?? behindLinks(resolve(file));
  for (const one of new Set([resolve(file), path])) expectUntracked(one);
  expectWritable(path);
  // As bytes, so that what is no UTF-8 stays as it is.
  const before = readIfThere(path);
  const after = withBlock(before ?? "", Buffer.from(block).toString("latin1"), file);
  if (after === before) return false;
  replaceFile(path, Buffer.from(after, "latin1"));
  return true;
}

/** Where a link to a file that is not there yet leads; another path is itself. */
function behindLinks(path: string): string {
  let at = path;
  // As many as Linux follows (path_resolution(7)).
  for (let links = 0; links < 40; links++) {
    try {
      at = resolve(realPath(dirname(at)) ?? dirname(at), readlinkSync(at));
    } catch {
      return at;
    }
  }
  throw unwritable(path, new Error("its links lead back to themselves"));
}

/**
 * A file that is replaced is gone, whatever it was: a device or a pipe is never meant, and who took the right to write from a
 * file meant it.
 */
function expectWritable(path: string): void {
  const found = look(path);
  if (!found) return;
  if (!found.isFile()) throw unwritable(path, new Error("it is no regular file"));
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
  // Root may write to any.
  if ((found.mode & 0o222) === 0) throw unwritable(path, new Error("it is read-only"));
}

/** The text with its block in place of the one that it has. */
export function withBlock(text: string, block: string, file: string): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const fenced = [BEGIN, ...block.trimEnd().split("\n"), END].join(newline);
  const lines = text.split(/\r?\n/u);
  const begins = lines.flatMap((line, at) => (BEGIN_LINE.test(line) ? [at] : []));
  const ends = lines.flatMap((line, at) => (END_LINE.test(line) ? [at] : []));
  const [begin] = begins;
  const [end] = ends;
  if (begin === undefined && end === undefined) {
    return text === "" || text.endsWith("\n")
      ? `${text}${fenced}${newline}`
      : `${text}${newline}${fenced}${newline}`;
  }
  if (begins.length !== 1 || ends.length !== 1 || end! < begin!) {
    throw new RangeError(
      `\`--write\`: expected a file with one block of "${BEGIN.slice(0, 13)}" to "${END}" or none, received ${describe(file)}, which has ${begins.length} beginnings and ${ends.length} ends; mend it by hand`,
    );
  }
  const [from, to] = [offsetOf(text, begin!), offsetOf(text, end!)];
  const endOfLine = /\r?\n|$/u.exec(text.slice(to))!.index + to;
  return text.slice(0, from) + fenced + text.slice(endOfLine);
}

/** The names of variables that lines outside of the block set. */
export function setOutside(file: string, names: readonly string[]): string[] {
  const text = readIfThere(file) ?? "";
  const outside = text.replace(/^# >>> moorage\b[^]*^# <<< moorage\b/mu, "");
  return names.filter((name) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, "mu").test(outside));
}

function offsetOf(text: string, line: number): number {
  let at = 0;
  for (let count = 0; count < line; count++) at = text.indexOf("\n", at) + 1;
  return at;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unwritable(path, error);
  }
}

function replaceFile(path: string, content: Buffer): void {
  const beside = join(dirname(path), `.${basename(path)}.moorage-${process.pid}`);
  try {
    const { mode } = statSync(path, { throwIfNoEntry: false }) ?? {};
    // Nobody may read it who could not read the one before, not for a moment either.
    writeFileSync(beside, content, { flag: "wx", mode: mode === undefined ? 0o666 : 0o600 });
    if (mode !== undefined) chmodSync(beside, mode & 0o7777);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw unwritable(path, error);
  }
}

/** Numbers are for this machine alone: a file that is committed has none. */
function expectUntracked(path: string): void {
  const folder = dirname(path);
  if (!realPath(folder)) throw unwritable(path, new Error("there is no such folder"));
  if (findPlace(folder).worktree.gitFolder === null) return;
  const asked = ["-C", folder, "--literal-pathspecs", "ls-files", "--", basename(path)];
  // The repository of the file is meant: in a hook or an alias, git's variables name that of the caller, by relative paths.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !GIT_PLACE.has(name)));
  const { error, status, stdout, stderr } = spawnSync("git", asked, { encoding: "utf8", env });
  if (error || status !== 0) {
    throw unwritable(path, error ?? new Error(`git does not say whether it tracks it: ${stderr.trim()}`));
  }
  if (stdout === "") return;
  throw new RangeError(
    `\`--write\`: expected a file that git does not track, received ${describe(path)}; use another one, or \`git rm --cached\` it and name it in .gitignore`,
  );
}

function unwritable(path: string, cause: unknown): RangeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RangeError(
    `\`--write\`: expected a file that can be written, received ${describe(path)}: ${why}`,
    {
      cause,
    },
  );
}
