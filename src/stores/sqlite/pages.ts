// Reading the pages of a database without SQLite, for what is left of a damaged one.
//
// The file format is https://sqlite.org/fileformat2.html, §1.5–2.1. A page is read by itself: no other page has
// to be in order for it. What cannot be a record is passed over; whether a record is one of ours is for the
// caller to say, as garbage can look like anything.

/** `undefined`: a value that this package never writes. */
export type Field = string | number | null | Buffer | undefined;

/** A page of a database, whose first page begins with the header of the file. */
export interface Page {
  readonly bytes: Buffer;
  readonly isFirst: boolean;
}

/** A page by its number, for records that go on in others. */
export type PageByNumber = (number: number) => Buffer | undefined;

const FILE_HEADER = 100;
const INTERIOR_INDEX = 0x02;
const LEAF_INDEX = 0x0a;
const LEAF_TABLE = 0x0d;

/** More is not written by this package: a length above it is garbage. */
const LONGEST_RECORD = 16 * 1024 * 1024;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The records on a page: rows, where the page is of a table. */
export function* recordsOf(
  { bytes, isFirst }: Page,
  pageByNumber: PageByNumber,
): Generator<readonly Field[]> {
  const start = isFirst ? FILE_HEADER : 0;
  const kind = bytes[start];
  if (kind !== INTERIOR_INDEX && kind !== LEAF_INDEX && kind !== LEAF_TABLE) return;
  const pointers = start + (kind === INTERIOR_INDEX ? 12 : 8);
  const cells = bytes.readUInt16BE(start + 3);
  for (let at = pointers; at < pointers + 2 * cells && at + 2 <= bytes.length; at += 2) {
    const record = recordAt(bytes, bytes.readUInt16BE(at), kind, pageByNumber);
    if (record) yield record;
  }
}

function recordAt(
  page: Buffer,
  offset: number,
  kind: number,
  pageByNumber: PageByNumber,
): readonly Field[] | undefined {
  try {
    const cursor = new Cursor(page, offset + (kind === INTERIOR_INDEX ? 4 : 0));
    const length = cursor.varint();
    if (kind === LEAF_TABLE) cursor.varint();
    if (length < 2 || length > LONGEST_RECORD) return undefined;
    return fieldsOf(payload(page, cursor.offset, length, kind, pageByNumber));
  } catch (error) {
    // Beyond the end of the page, or no text: garbage.
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** A long record begins on its page and goes on in a chain of others. */
function payload(
  page: Buffer,
  offset: number,
  length: number,
  kind: number,
  pageByNumber: PageByNumber,
): Buffer {
  const usable = page.length;
  const most = kind === LEAF_TABLE ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (length <= most) return slice(page, offset, length);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (usable - 4));
  const local = fitting <= most ? fitting : least;
  const pieces = [slice(page, offset, local)];
  let next = page.readUInt32BE(offset + local);
  for (let missing = length - local; missing > 0;) {
    const further = pageByNumber(next);
    if (!further) throw new RangeError("the record goes on in a page that is not there");
    pieces.push(slice(further, 4, Math.min(missing, usable - 4)));
    missing -= usable - 4;
    next = further.readUInt32BE(0);
  }
  return Buffer.concat(pieces);
}

function fieldsOf(record: Buffer): readonly Field[] {
  const header = new Cursor(record, 0);
  const headerLength = header.varint();
  const fields: Field[] = [];
  let at = headerLength;
  while (header.offset < headerLength) {
    const type = header.varint();
    const length = lengthOf(type);
    fields.push(fieldOf(type, slice(record, at, length)));
    at += length;
  }
  if (at !== record.length) throw new RangeError("the record has another length than its fields");
  return fields;
}

/** By serial type, §2.1. */
function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? Number.NaN;
}

function fieldOf(type: number, bytes: Buffer): Field {
  if (type >= 12) return type % 2 === 0 ? bytes : utf8.decode(bytes);
  switch (type) {
    case 0:
      return null;
    case 6:
      return Number(bytes.readBigInt64BE(0));
    case 8:
      return 0;
    case 9:
      return 1;
    default:
      return type < 6 ? bytes.readIntBE(0, bytes.length) : undefined;
  }
}

class Cursor {
  readonly #bytes: Buffer;
  offset: number;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  /** Seven bits a byte, the largest first; the ninth byte has eight. */
  varint(): number {
    let value = 0;
    for (let read = 1; read <= 9; read++) {
      const byte = this.#bytes.readUInt8(this.offset++);
      if (read === 9) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    return value;
  }
}

/** @throws RangeError where the bytes are not all there. */
function slice(bytes: Buffer, offset: number, length: number): Buffer {
  if (!(length >= 0) || offset + length > bytes.length) throw new RangeError("beyond the end");
  return bytes.subarray(offset, offset + length);
}
