// What can still be read of a database and its log, page by page, whatever has become of the rest.
//
// Rows stand on many pages: in the log, in the file, on pages that were given up. Of each slot the newest row
// counts. A row that was removed long ago can come back that way, and so can commits that a power cut had undone:
// at worst a port is leased or kept for somebody who does not need it.

import type { ScopedSlot } from "./copy.ts";
import { readLog } from "./log.ts";
import { type Field, type Page, recordsOf } from "./pages.ts";

export interface Remains {
  readonly slots: readonly ScopedSlot[];
  /** The highest revision and the highest epoch there is a trace of; 0: none. */
  readonly revision: number;
  readonly epoch: number;
}

/** What this package's databases have, and SQLite's own (https://sqlite.org/fileformat2.html, §1.3). */
const USUAL_PAGE_SIZE = 4096;
const MAGIC = "SQLite format 3\0";

interface Row extends Omit<ScopedSlot, "value"> {
  readonly value: string | null;
}

export function readRemains(file: Buffer, logFile: Buffer): Remains {
  const ownSize = pageSizeOf(file);
  const log = readLog(logFile, ownSize ?? USUAL_PAGE_SIZE);
  const size = ownSize ?? log.pageSize ?? USUAL_PAGE_SIZE;
  const newest = new Map<number, Buffer>();
  const pages: Page[] = [];
  const add = (number: number, bytes: Buffer): void => {
    newest.set(number, bytes);
    pages.push({ bytes, isFirst: number === 1 });
  };
  // A file that was cut off ends within a page: its cells stand at the end, but the lost bytes can be few.
  for (let at = 0; at < file.length; at += size) {
    const page = file.subarray(at, at + size);
    add(at / size + 1, page.length === size ? page : Buffer.concat([page], size));
  }
  for (const { page, bytes } of log.frames) add(page, bytes);

  const rows = new Map<string, Row>();
  let revision = 0;
  let epoch = 0;
  for (const page of pages) {
    for (const fields of recordsOf(page, (number) => newest.get(number))) {
      epoch = Math.max(epoch, epochOf(fields));
      const row = rowOf(fields);
      if (!row) continue;
      revision = Math.max(revision, row.revision);
      const place = JSON.stringify([row.scope, row.key]);
      if ((rows.get(place)?.revision ?? 0) <= row.revision) rows.set(place, row);
    }
  }
  const slots = [...rows.values()].flatMap(({ value, ...row }) => (value === null ? [] : { ...row, value }));
  return { slots, revision, epoch };
}

function pageSizeOf(file: Buffer): number | undefined {
  if (file.length < 100 || file.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const size = file.readUInt16BE(16);
  const real = size === 1 ? 65_536 : size;
  return real >= 512 && (real & (real - 1)) === 0 ? real : undefined;
}

/** A row of the table of slots: scope, key, revision, value. */
function rowOf(fields: readonly Field[]): Row | undefined {
  const [scope, key, revision, value] = fields;
  if (fields.length !== 4 || typeof scope !== "string" || typeof key !== "string") return undefined;
  if (!isRevision(revision) || revision === 0) return undefined;
  if (scope === "" || key === "" || (value !== null && typeof value !== "string")) return undefined;
  // No text has a NUL, but what takes the place of lost bytes.
  if ([scope, key, value].some((text) => text?.includes("\0"))) return undefined;
  return { scope, key, revision, value };
}

/** The row of the epoch: its id, which is kept elsewhere, epoch, boot, base, forgotten. */
function epochOf(fields: readonly Field[]): number {
  const [id, epoch, boot, base, forgotten] = fields;
  if (fields.length !== 5 || id !== null || typeof boot !== "string") return 0;
  return isRevision(epoch) && Number.isSafeInteger(base) && isRevision(forgotten) ? epoch : 0;
}

function isRevision(field: Field): field is number {
  return typeof field === "number" && Number.isSafeInteger(field) && field >= 0;
}
