// Looking again and again until something is so, where nothing tells.

import { setTimeout } from "node:timers/promises";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

export interface PollOptions {
  readonly seconds: number;
  /** Ends it early. @default never */
  readonly signal?: AbortSignal;
}

/**
 * Looks until a look finds it so, or the time is over or the signal aborts, after which it looks once more; returns
 * what the last look found. The pauses grow from 20 to 250 ms, and are never shorter than the look took: it is idle
 * half of the time.
 */
export async function poll(look: () => Promise<boolean>, { seconds, signal }: PollOptions): Promise<boolean> {
  // By the clock: AbortSignal.any() loses a timeout that nobody else refers to when garbage is collected (Node 20).
  const end = performance.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(1.3 * pause, LONGEST_PAUSE_MS)) {
    const began = performance.now();
    const isLast = signal?.aborted === true || began >= end;
    const found = await look();
    if (found || isLast) return found;
    const looked = performance.now();
    const rest = Math.min(Math.max(pause, looked - began), Math.max(end - looked, 0));
    await setTimeout(rest, undefined, { signal }).catch(() => undefined);
  }
}
