// A look at the state folder and its database that changes neither: what is wrong, in words, and a copy of the
// slots.
//
// The database is opened for reading alone, and where it has no log, as a file that does not change: SQLite then
// makes no files beside it. A log without its index, which a crash leaves, gets that index.

import { existsSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PortError } from "../../core/index.ts";
import { CopiedStore, type ScopedSlot } from "./copy.ts";
import { type Database, loadDriver, toText } from "./driver.ts";
import { reason, storeFailure } from "./failure.ts";
import { readLog } from "./log.ts";
import {
  accessFinding,
  isOpenToOthers,
  lookAtDisk,
  lookAtFolder,
  REPAIR,
  type StoreFinding,
} from "./places.ts";
import { isBusy } from "./retry.ts";
import { isUnderRepair } from "./salvage.ts";
import { checkFormat, expectWholePages } from "./schema.ts";
import { type Users, usersOf } from "./users.ts";

/**
 * `missing`: it is made on first use. `damaged`: what can be read can be put into a new one. `foreign`: another
 * program's, or a newer version's. `unusable`: something else is in the way.
 */
type DatabaseState = "missing" | "usable" | "damaged" | "foreign" | "unusable";

export interface Inspection {
  readonly findings: readonly StoreFinding[];
  readonly path: string;
  readonly state: DatabaseState;
  readonly users: Users;
  /** The files and folders whose modes let others in, and what they should be. */
  readonly modes: readonly { readonly path: string; readonly mode: number }[];
  /** The slots, where they can be read. */
  readonly copy: CopiedStore | undefined;
}

const USUAL_PAGE_SIZE = 4096;
const LONGEST_WAIT_MS = 2000;

export function inspect(directory: string): Inspection {
  const path = realPath(join(directory, "registry.db"));
  const findings: StoreFinding[] = [];
  const modes: { path: string; mode: number }[] = [];
  const nothing = { findings, path, modes, users: { pids: [], isGuess: false }, copy: undefined };

  const folder = lookAtFolder(directory);
  findings.push(folder.finding);
  if (folder.isOpen) modes.push({ path: directory, mode: 0o700 });
  if (!folder.isThere) return { ...nothing, state: "missing" };
  if (folder.isInTheWay) return { ...nothing, state: "unusable" };
  findings.push(...lookAtDisk(directory));

  if (isUnderRepair(path)) {
    const broken: StoreFinding = {
      check: "database",
      state: "problem",
      message: `${path}: a repair of it was broken off`,
      advice: REPAIR,
    };
    return { ...nothing, findings: [...findings, broken], state: "damaged" };
  }
  const file = statSync(path, { throwIfNoEntry: false });
  for (const one of [path, `${path}-wal`, `${path}-shm`]) {
    if (isOpenToOthers(statSync(one, { throwIfNoEntry: false }), 0o077))
      modes.push({ path: one, mode: 0o600 });
  }
  const access = accessFinding(path, file);
  if (access) findings.push(access);
  if (access?.state === "problem" && !isOpenToOthers(file, 0o022)) return { ...nothing, state: "unusable" };

  const users = usersOf(path);
  const { state, finding, copy } = lookAtDatabase(path, file, users);
  findings.push(finding);
  const lost = state === "usable" && users.pids.length === 0 && !users.isGuess ? lostCommits(path) : 0;
  if (lost > 0) {
    findings.push({
      check: "log",
      state: "warning",
      message: `${path}-wal is damaged: ${lost} of the last commits are lost`,
      advice: "look at `moorage ls`; restart programs whose leases are not in it",
    });
  }
  return { findings, path, state, users, modes, copy };
}

/** Where a link leads: there SQLite has the log too. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is nothing yet.
    return path;
  }
}

interface Contents {
  readonly state: DatabaseState;
  readonly finding: StoreFinding;
  readonly copy?: CopiedStore;
}

function lookAtDatabase(path: string, file: Stats | undefined, users: Users): Contents {
  const finding = (state: StoreFinding["state"], message: string, advice?: string): StoreFinding => ({
    check: "database",
    state,
    message: `${path}: ${message}`,
    ...(advice !== undefined && { advice }),
  });
  const damaged = (why: string): Contents => ({
    state: "damaged",
    finding: finding(
      "problem",
      why,
      `${REPAIR}: it moves the database aside and makes a new one of what can be read`,
    ),
  });
  // SQLite would remove the log of a database that is empty, or has one byte, which it takes for the same.
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if ((file?.size ?? 0) <= 1 && log?.size)
    return damaged(`${file ? "it is empty" : "it is gone"}, but its log is not`);
  if (!file) return { state: "missing", finding: finding("ok", "not there yet, it is made on first use") };
  if (file.size <= 1) return { state: "missing", finding: finding("ok", "empty, it is filled on first use") };
  try {
    const contents = whileUnchanged(path, (database) => readAll(database, path));
    if ("damage" in contents) return damaged(`it is damaged: ${contents.damage}`);
    if ("foreign" in contents) {
      const message = "it is not Moorage's: it has tables of another program";
      return {
        state: "foreign",
        finding: finding("problem", message, "set MOORAGE_DIR to another folder, or move it away"),
      };
    }
    const { copy, format } = contents;
    return { state: "usable", copy, finding: finding("ok", usableMessage(format, file, log, users)) };
  } catch (error) {
    const failure = storeFailure(error, path);
    if (PortError.is(failure) && failure.code === "STORE_DAMAGED") {
      // Its own words say more than is needed here: SQLite's, or that the file has lost its end.
      return damaged(`it is damaged: ${failure === error ? "it has lost its end" : reason(error)}`);
    }
    if (PortError.is(failure) && failure.code === "STORE_TOO_NEW") {
      const message = `format ${failure.format} is a newer version's; this one knows up to ${failure.supported}`;
      return {
        state: "foreign",
        finding: finding("problem", message, "use the newer version, or another state folder"),
      };
    }
    const advice = isBusy(error) ? "try again" : "see what the message says of the disk or its permissions";
    return { state: "unusable", finding: finding("problem", `it cannot be read: ${reason(error)}`, advice) };
  }
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

function usableMessage(format: number, file: Stats, log: Stats | undefined, { pids }: Users): string {
  const size = `${kib(file.size)}${log?.size ? ` and ${kib(log.size)} of log` : ""}`;
  const open =
    pids.length === 0 ? "" : `, open in ${pids.length === 1 ? "process" : "processes"} ${pids.join(", ")}`;
  return `format ${format}, ${size}, checked by SQLite${open}`;
}

type Read =
  | { readonly copy: CopiedStore; readonly format: number }
  | { readonly damage: string }
  | { readonly foreign: true };

function readAll(database: Database, path: string): Read {
  const tables = database
    .prepare("SELECT CAST(name AS BLOB) AS name FROM sqlite_master WHERE type = 'table'")
    .all();
  const names = new Set(tables.map(({ name }) => toText(name)));
  const isOurs = names.has("slot") && names.has("epoch");
  const isForeign = !isOurs && names.size > 0;
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (isForeign && version === 0) return { foreign: true };
  const format = checkFormat(database, path);
  if (isForeign) return { foreign: true };
  if (format !== 0) expectWholePages(database, path);
  const [first] = database.prepare("PRAGMA quick_check(1)").all();
  const verdict = toText(first?.["quick_check"]);
  if (verdict !== "ok") return { damage: verdict.replaceAll(/\s+/gu, " ") };
  // Nothing is in it yet, or it was made by a program that ended before it filled it.
  if (!isOurs)
    return format === 0 ? { copy: new CopiedStore(0, []), format } : { damage: "its tables are gone" };
  const epoch = Number(database.prepare("SELECT epoch FROM epoch").get()?.["epoch"]);
  const rows = database
    .prepare(
      "SELECT CAST(scope AS BLOB) AS scope, CAST(key AS BLOB) AS key, revision, CAST(value AS BLOB) AS value " +
        "FROM slot WHERE slot.value IS NOT NULL AND typeof(slot.scope) = 'text'",
    )
    .all();
  const slots = rows.map((row): ScopedSlot => ({
    scope: toText(row["scope"]),
    key: toText(row["key"]),
    revision: Number(row["revision"]),
    value: toText(row["value"]),
  }));
  return { copy: new CopiedStore(epoch, slots), format };
}

/** Reads in one transaction; again when the database was taken into use while it counted as one that is not. */
function whileUnchanged<Result>(path: string, read: (database: Database) => Result): Result {
  const hasLog = existsSync(`${path}-wal`);
  const database = loadDriver().open(`${pathToFileURL(path).href}?${hasLog ? "mode=ro" : "immutable=1"}`);
  let result: Result;
  try {
    database.exec(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}; BEGIN`);
    result = read(database);
  } catch (error) {
    if (hasLog || !existsSync(`${path}-wal`)) throw error;
    return whileUnchanged(path, read);
  } finally {
    database.close();
  }
  return hasLog || !existsSync(`${path}-wal`) ? result : whileUnchanged(path, read);
}

function lostCommits(path: string): number {
  const log = `${path}-wal`;
  return existsSync(log) ? readLog(readFileSync(log), USUAL_PAGE_SIZE).lostCommits : 0;
}
