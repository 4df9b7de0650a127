// The one SQLite driver of a process: the runtime's own where it comes without a warning, else libsql.
//
// A process must never load two copies of a native SQLite: closing a file through one drops the POSIX locks
// of the other, and a committed row is lost (measured). So the driver is kept under a global symbol that
// every copy of this package finds.
//
// What it gives and throws can be of another realm than this module: tests of Jest run in a vm context of their own.

import { createRequire } from "node:module";
import { types } from "node:util";
import { PortError } from "../../core/index.ts";

type SqlValue = string | number | null;
/** Bytes are one or the other, as the driver and the call have it. */
type ReadValue = SqlValue | Uint8Array | ArrayBuffer;
export type Row = Readonly<Record<string, ReadValue>>;

export interface Statement {
  /** Texts are to be read as bytes: libsql ends the process at one that is not UTF-8, as damage makes it. */
  get(...parameters: SqlValue[]): Row | undefined;
  all(...parameters: SqlValue[]): Row[];
  run(...parameters: SqlValue[]): { readonly changes: number };
}

export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

export interface Driver {
  readonly name: "node:sqlite" | "libsql";
  open(path: string): Database;
}

const DRIVER = Symbol.for("moorage.sqlite-driver");

/** Primary result codes of SQLite that have a meaning here (https://sqlite.org/rescode.html). */
export const SQLITE = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/**
 * @throws PortError `DRIVER_MISSING` on a runtime without `node:sqlite` where libsql is not installed.
 */
export function loadDriver(): Driver {
  const shared = globalThis as { [DRIVER]?: Driver };
  return (shared[DRIVER] ??= hasQuietSqlite(process.versions.node) ? nodeDriver() : libsqlDriver());
}

/** Whether `node:sqlite` loads without an experimental warning: 24.15 and newer (measured up to 26.10). */
export function hasQuietSqlite(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 25 || (major === 24 && minor >= 15);
}

/** The primary result code of an error that either driver threw, or `undefined` for any other error. */
export function resultCode(error: unknown): number | undefined {
  if (!isError(error)) return undefined;
  const { errcode, rawCode } = error as { errcode?: unknown; rawCode?: unknown };
  const code = typeof errcode === "number" ? errcode : typeof rawCode === "number" ? rawCode : undefined;
  if (code !== undefined) return code & 0xff;
  // libsql reports a failed open in words, with the code at the end.
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/su.exec(error.message);
  return opening ? Number(opening[1]) & 0xff : undefined;
}

/** Whether it is an error: that of this realm, as libsql throws it, or of any, as those of node:sqlite are. */
export function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}

/** A text that was read as bytes, of whatever realm; what is not UTF-8 in it is replaced. */
export function toText(value: ReadValue | undefined): string {
  if (types.isArrayBuffer(value)) return Buffer.from(value).toString("utf8");
  if (!types.isUint8Array(value)) return String(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
}

function nodeDriver(): Driver {
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as {
    DatabaseSync: new (path: string) => Database;
  };
  return { name: "node:sqlite", open: (path) => new DatabaseSync(path) };
}

function libsqlDriver(): Driver {
  let Libsql: new (path: string) => Database;
  try {
    Libsql = createRequire(import.meta.url)("libsql") as typeof Libsql;
  } catch (cause) {
    const message =
      `Node ${process.versions.node} has no SQLite of its own and the package libsql is not installed here: ` +
      "run `npm install libsql`, or use Node 24.15 or newer";
    throw new PortError("DRIVER_MISSING", message, { driver: "libsql" }, { cause });
  }
  return { name: "libsql", open: (path) => new Libsql(path) };
}
