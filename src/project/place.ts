// Where a service runs: the project (a repository, or a folder without one), the worktree in it, the package's folder.
//
// All of it is read from the file system in well under a millisecond, without git. Only `.git` is asked, no GIT_DIR: a
// hook that sets it would have the services of another place.

import { basename, dirname, join, resolve } from "node:path";
import { describe, expectString } from "../core/expect.ts";
import { nameStart } from "../core/selection.ts";
import { isMark, look, readText, realPath } from "./files.ts";
import { branchOf, homeOf, type Repository, repositoryAt } from "./repository.ts";

/** A repository with all its worktrees, or a folder that is in none. */
export interface ProjectPlace {
  /** Readable, and no other project's: "shop-1f0c22ab". A registry may know it by a former one (see `openProject`). */
  readonly id: string;
  /** What people call it: the name of its folder. */
  readonly label: string;
  /** The folder with the `.git`, the bare repository, or the folder without one. */
  readonly folder: string;
  /** git's folder that all worktrees have in common; `null` without git. */
  readonly gitFolder: string | null;
}

export interface WorktreePlace {
  /** "main", or git's own name for a linked worktree, which stays when it is moved. */
  readonly id: string;
  /** The branch; without one, the name of the folder. */
  readonly label: string;
  readonly folder: string;
  /** Whether it is not a linked one. */
  readonly isMain: boolean;
  /** git's folder for this worktree; `null` without git. */
  readonly gitFolder: string | null;
}

export interface Place {
  readonly project: ProjectPlace;
  readonly worktree: WorktreePlace;
  /** The nearest folder, upward and in the worktree, with a moorage.json or a package.json; else the worktree's. */
  readonly folder: string;
  /** The folder itself that was asked about, without links. */
  readonly here: string;
}

export const CONFIG_FILE = "moorage.json";
export const PACKAGE_FILE = "package.json";

/** How long the readable part of an id may be, so that a service's full name is one that a registry takes. */
const LONGEST_LABEL = 40;
const LONGEST_WORKTREE_ID = 48;
const MAIN = "main";

/**
 * The place that a folder is in: that of the nearest worktree of git, upward; without one, that of the nearest folder
 * with a moorage.json (or the `moorage` key in a package.json), else with a package.json; else of the folder itself.
 * Links are followed first. Files of other users, but for root's, steer nothing.
 *
 * @throws TypeError or RangeError for what is no folder.
 * @example
 * const { project, worktree } = findPlace(process.cwd());
 * console.log(project.label, worktree.label); // "shop feature/basket"
 */
export function findPlace(folder: string): Place {
  const start = realPath(resolve(expectString("folder", folder)));
  if (start === undefined || !look(start)?.isDirectory()) {
    throw new RangeError(`\`folder\`: expected a folder that is there, received ${describe(folder)}`);
  }
  let packageFolder: string | undefined;
  for (const at of upward(start)) {
    packageFolder ??= isPackage(at) ? at : undefined;
    const repository = repositoryAt(at);
    if (repository) return { ...placeInGit(repository, at), folder: packageFolder ?? at, here: start };
  }
  const place = placeWithoutGit(folderWithoutGit(start) ?? packageFolder ?? start);
  return { ...place, folder: packageFolder ?? start, here: start };
}

/** A folder and those that it is in, up to the root. */
export function* upward(folder: string, last?: string): Generator<string> {
  for (let at = folder; ; at = dirname(at)) {
    yield at;
    if (at === last || dirname(at) === at) return;
  }
}

function isPackage(folder: string): boolean {
  return [CONFIG_FILE, PACKAGE_FILE].some((name) => isMark(join(folder, name)));
}

/** The nearest folder whose own word it is to be a project. */
function folderWithoutGit(start: string): string | undefined {
  for (const at of upward(start)) {
    if (isMark(join(at, CONFIG_FILE))) return at;
    const manifest = join(at, PACKAGE_FILE);
    if (isMark(manifest) && hasConfig(readText(manifest) ?? "")) return at;
  }
  return undefined;
}

function hasConfig(manifest: string): boolean {
  if (!manifest.includes('"moorage"')) return false;
  try {
    const value = JSON.parse(manifest) as { readonly moorage?: unknown } | null;
    return value?.moorage !== undefined;
  } catch {
    return false;
  }
}

function placeInGit(repository: Repository, folder: string): Omit<Place, "folder" | "here"> {
  const { gitFolder, commonFolder, worktreeId } = repository;
  const home = homeOf(commonFolder);
  const label = nameOf(home).replace(/(?<=.)\.git$/u, "");
  return {
    project: { id: projectId(label, commonFolder), label, folder: home, gitFolder: commonFolder },
    worktree: {
      id: worktreeId === null ? MAIN : linkedId(worktreeId),
      label: branchOf(repository) ?? nameOf(folder),
      folder,
      isMain: worktreeId === null,
      gitFolder,
    },
  };
}

function placeWithoutGit(folder: string): Omit<Place, "folder" | "here"> {
  const label = nameOf(folder);
  return {
    project: { id: projectId(label, folder), label, folder, gitFolder: null },
    worktree: { id: MAIN, label, folder, isMain: true, gitFolder: null },
  };
}

function nameOf(folder: string): string {
  return basename(folder) || folder;
}

/** An id for a project that is told from others by a text. */
export function projectId(label: string, identity: string): string {
  // Which letters there are takes a millisecond to learn; nearly all names have none of the others.
  const isPlain = /^\w(?:[\w.-]*\w)?$/u.test(label);
  const readable = isPlain ? label : label.replaceAll(/[^\p{L}\p{N}._]+/gu, "-").replaceAll(/^-+|-+$/gu, "");
  return `${cut(readable, LONGEST_LABEL) || "project"}-${hash(identity)}`;
}

/** git lets a linked worktree be called "main" too; `~` it never has in a name (git-check-ref-format(1)). */
function linkedId(id: string): string {
  if (id === MAIN) return `${id}~`;
  return id.length > LONGEST_WORKTREE_ID ? `${cut(id, LONGEST_WORKTREE_ID - 9)}~${hash(id)}` : id;
}

/** The beginning of a text, without half a character at its end. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/u, "");
}

/** Eight hexadecimal digits. */
function hash(text: string): string {
  return nameStart(text, 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
