// Looking again and again until something is so, where nothing tells.

import { setTimeout } from "node:timers/promises";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/**
 * Looks until a look finds it so, or the signal aborts, after which it looks once more; returns what the last look
 * found. The pauses grow from 20 to 250 ms, and are never shorter than the look took: it is idle half of the time.
 */
export async function poll(look: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(1.3 * pause, LONGEST_PAUSE_MS)) {
    const isLast = signal.aborted;
    const began = performance.now();
    const found = await look();
    if (found || isLast) return found;
    const spent = performance.now() - began;
    await setTimeout(Math.max(pause, spent), undefined, { signal }).catch(() => undefined);
  }
}
