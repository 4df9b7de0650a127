// A git repository, as its files tell of it: no git is started, which takes 10 ms.
//
// gitrepository-layout(5): `.git` is a folder, or a file that says where it is ("gitdir: PATH"), as in a linked
// worktree, a submodule or a repository whose folder was moved elsewhere. A linked worktree has a folder of its own in
// the repository, `worktrees/ID`, whose `commondir` leads to the repository. ID stays when the worktree is moved.

import { basename, dirname, join, resolve } from "node:path";
import { isTrusted, look, readText, realPath } from "./files.ts";

export interface Repository {
  /** git's folder for this worktree, without links: the repository's, or that of a linked worktree in it. */
  readonly gitFolder: string;
  /** git's folder that all worktrees have in common. */
  readonly commonFolder: string;
  /** git's name for a linked worktree; `null`: the main one. */
  readonly worktreeId: string | null;
}

/** The repository whose worktree this very folder is; `undefined` when it is none, or git's part of it is gone. */
export function repositoryAt(folder: string): Repository | undefined {
  const mark = join(folder, ".git");
  const found = look(mark);
  if (!found || !isTrusted(found)) return undefined;
  const gitFolder = realPath(found.isDirectory() ? mark : (gitFolderOf(mark, folder) ?? ""));
  // An empty .git is none to git either.
  if (gitFolder === undefined || !look(join(gitFolder, "HEAD"))) return undefined;
  const common = readText(join(gitFolder, "commondir"));
  if (common === undefined) return { gitFolder, commonFolder: gitFolder, worktreeId: null };
  const commonFolder = realPath(resolve(gitFolder, common));
  return commonFolder === undefined
    ? undefined
    : { gitFolder, commonFolder, worktreeId: basename(gitFolder) };
}

/** Where a `.git` that is a file points. */
function gitFolderOf(mark: string, folder: string): string | undefined {
  const [, path] = /^gitdir: (.+)$/su.exec(readText(mark) ?? "") ?? [];
  return path === undefined ? undefined : resolve(folder, path);
}

/** The branch that is checked out; `null`: none, as in the middle of a rebase. */
export function branchOf({ gitFolder }: Repository): string | null {
  const [, branch] = /^ref: refs\/heads\/(.+)$/u.exec(readText(join(gitFolder, "HEAD")) ?? "") ?? [];
  // What a repository that keeps its refs in tables has there for older versions of git.
  return branch === undefined || branch === ".invalid" ? null : branch;
}

/** The folder that people take for the repository: that with the `.git` or `.bare`, or a bare repository itself. */
export function homeOf(commonFolder: string): string {
  return basename(commonFolder).startsWith(".") ? dirname(commonFolder) : commonFolder;
}
