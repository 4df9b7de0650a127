// Ports in a row that nobody uses, above those that the kernel picks by itself.

import { occupy, type Stranger } from "../host/sockets.ts";

const FIRST = 61_000;
/** As many as any test asks for. */
const BLOCK = 100;
const BLOCKS = 45;

/** A range of so many ports that were free on both families and for both protocols a moment ago. */
export async function freeRange(length: number): Promise<{ readonly begin: number; readonly end: number }> {
  // Test files run at the same time, each in a place that has a number of its own.
  const own = process.ppid + Number(process.env["VITEST_POOL_ID"]);
  for (let at = 0; at < BLOCKS; at++) {
    const begin = FIRST + ((own + at) % BLOCKS) * BLOCK;
    const range = { begin, end: begin + length - 1 };
    if (await isFree(range)) return range;
  }
  throw new Error(`no ${length} ports in a row are free`);
}

async function isFree({ begin, end }: { begin: number; end: number }): Promise<boolean> {
  const strangers: Stranger[] = [];
  try {
    for (let port = begin; port <= end; port++) {
      strangers.push(await occupy("::", port, "tcp"), await occupy("::", port, "udp"));
    }
    return true;
  } catch {
    return false;
  } finally {
    for (const stranger of strangers) await stranger.close();
  }
}
