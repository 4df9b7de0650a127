// Reading the write-ahead log of a database without SQLite (https://sqlite.org/fileformat2.html, §4).
//
// SQLite reads the log up to the first frame that is not in order, and says nothing of what stands behind it:
// commits that were told can be lost in silence. Here all frames are read, and those that are lost are counted.

/** A page as a commit left it. */
interface Frame {
  readonly page: number;
  readonly bytes: Buffer;
}

export interface Log {
  /** `undefined` where the log does not say. */
  readonly pageSize: number | undefined;
  /** In the order they were written; those behind a damaged one too. */
  readonly frames: readonly Frame[];
  /** How many commits stand behind a frame that is damaged, so that SQLite does not see them. */
  readonly lostCommits: number;
}

const HEADER = 32;
const FRAME_HEADER = 24;
/** The lowest bit says in which order the words of the checksums are. */
const MAGIC = 0x377f0682;

/** @param usualPageSize where the log's own header cannot be read */
export function readLog(bytes: Buffer, usualPageSize: number): Log {
  if (bytes.length < HEADER) return { pageSize: undefined, frames: [], lostCommits: 0 };
  const isBigEndian = bytes.readUInt32BE(0) === MAGIC + 1;
  const hasMagic = isBigEndian || bytes.readUInt32BE(0) === MAGIC;
  let sum = checksum(bytes.subarray(0, 24), isBigEndian, [0, 0]);
  let inOrder = hasMagic && isEqual(sum, bytes, 24);
  const pageSize = hasMagic ? bytes.readUInt32BE(8) : usualPageSize;
  if (pageSize < 512 || pageSize > 65_536) return { pageSize: undefined, frames: [], lostCommits: 1 };
  // Without the header nothing tells which frames are of an earlier round of the log: all are taken.
  const salts = inOrder ? bytes.subarray(16, 24) : undefined;
  const frames: Frame[] = [];
  let lostCommits = 0;
  const length = FRAME_HEADER + pageSize;
  for (let at = HEADER; at + length <= bytes.length; at += length) {
    const header = bytes.subarray(at, at + FRAME_HEADER);
    const page = bytes.subarray(at + FRAME_HEADER, at + length);
    const isOfThisRound = !salts || salts.equals(header.subarray(8, 16));
    if (inOrder && isOfThisRound) {
      sum = checksum(page, isBigEndian, checksum(header.subarray(0, 8), isBigEndian, sum));
      inOrder = isEqual(sum, header, 16);
    } else if (isOfThisRound && header.readUInt32BE(4) !== 0) {
      lostCommits++;
    } else {
      inOrder = false;
    }
    if (isOfThisRound) frames.push({ page: header.readUInt32BE(0), bytes: page });
  }
  return { pageSize: salts && pageSize, frames, lostCommits };
}

type Checksum = readonly [number, number];

function checksum(bytes: Buffer, isBigEndian: boolean, before: Checksum): Checksum {
  let [first, second] = before;
  for (let at = 0; at < bytes.length; at += 8) {
    const low = isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const high = isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    first = (first + low + second) >>> 0;
    second = (second + high + first) >>> 0;
  }
  return [first, second];
}

function isEqual([first, second]: Checksum, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === first && bytes.readUInt32BE(at + 4) === second;
}
