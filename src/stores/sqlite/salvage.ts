// A damaged database is moved aside, and a new one takes its place with all that could be read of it.
//
// While that goes on, and after it was broken off, a link that leads nowhere stands in the place: whoever opens it
// is refused, so that nothing is granted that the new one will not know. It says where the remains are, from which
// the next attempt begins. SQLite follows links before it looks for a log, so the log that is still there is safe
// from it; beside a file that is no database, it would write the log into the file. Nothing is ever removed.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { keepFromOthers } from "./directory.ts";
import { loadDriver } from "./driver.ts";
import { reason, storeFailure, unavailable } from "./failure.ts";
import { readRemains, type Remains } from "./remains.ts";
import { type Moment, prepareSchema } from "./schema.ts";

export interface Salvage {
  /** How many slots could be read. */
  readonly slots: number;
  readonly epoch: number;
  /** Where the damaged files are now. */
  readonly aside: readonly string[];
}

export interface SalvageOptions extends Moment {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

const LOG_FILES = ["-wal", "-shm"] as const;
/** Below a file nothing can be made, whoever tries. */
const NOWHERE = "/moorage doctor --repair";

/**
 * What programs that have the database open commit from now on is refused to them.
 *
 * @throws PortError `STORE_UNAVAILABLE` when the files cannot be moved or written; to be tried again.
 */
export function salvage(path: string, options: SalvageOptions): Salvage {
  try {
    return replace(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw storeFailure(error, path);
    throw unavailable(path, reason(error), error);
  }
}

function replace(path: string, { now, ...moment }: SalvageOptions): Salvage {
  const remains = join(dirname(path), asideOf(path) ?? moveAside(path, now));
  // Also after an attempt that was broken off before this: the log must never meet another database.
  for (const end of LOG_FILES) if (existsSync(path + end)) renameSync(path + end, unusedName(remains + end));
  syncFolder(path);
  const aside = [remains, ...LOG_FILES.map((end) => remains + end)].filter((file) => existsSync(file));
  const found = readRemains(readFileSync(remains), readIfThere(`${remains}-wal`));
  const fresh = `${path}.new`;
  for (const end of ["", "-journal"]) rmSync(fresh + end, { force: true });
  // Nobody knows whether a later epoch was lost; boots, which raise it by one, do not come every second.
  const epoch = Math.max(found.epoch + 1, Math.floor(now / 1000));
  build(fresh, found, { ...moment, epoch });
  renameSync(fresh, path);
  syncFolder(path);
  return { slots: found.slots.length, epoch, aside };
}

/** Whether a repair of this database was broken off. */
export function isUnderRepair(path: string): boolean {
  return asideOf(path) !== undefined;
}

/** Puts the link in the place of the database, and returns the name that the database has now. */
function moveAside(path: string, now: number): string {
  const aside = unusedName(`${path}.damaged-${timestamp(now)}`);
  const link = `${path}.aside`;
  rmSync(link, { force: true });
  symlinkSync(basename(aside) + NOWHERE, link);
  // A database that is gone may have left its log.
  if (!existsSync(path)) writeFileSync(aside, "", { mode: 0o600, flag: "wx" });
  else {
    try {
      // The old file has two names for a moment, so that its place is never empty.
      linkSync(path, aside);
    } catch {
      renameSync(path, aside);
    }
  }
  renameSync(link, path);
  return basename(aside);
}

/** Where the remains are, when the link stands in the place of the database. */
function asideOf(path: string): string | undefined {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  const target = readlinkSync(path);
  return target.endsWith(NOWHERE) ? target.slice(0, -NOWHERE.length) : undefined;
}

function readIfThere(path: string): Buffer {
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}

/** Has the names of files last. Some systems cannot, and need not. */
function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(dirname(path), "r");
    fsyncSync(folder);
  } catch {
    // The names are as safe as this system makes them.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

function build(
  path: string,
  { slots, revision }: Remains,
  { epoch, ...moment }: Moment & { readonly epoch: number },
): void {
  const database = loadDriver().open(path);
  try {
    keepFromOthers(path);
    database.exec("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    prepareSchema(database, path, moment);
    const begin = database.prepare("UPDATE epoch SET epoch = ?, base = ?, forgotten = ?");
    begin.run(epoch, revision + 1 - moment.ticks, revision);
    const insert = database.prepare("INSERT INTO slot VALUES (?, ?, ?, ?)");
    for (const { scope, key, revision: at, value } of slots) insert.run(scope, key, at, value);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

/** "20261122T184500Z" */
export function timestamp(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]|\.\d+/gu, "");
}

/** The name, or one with a number behind it. */
export function unusedName(name: string): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(candidate)) return candidate;
  }
}
