// The runtime's own time and chance.

import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { type AbortableOptions, type Chance, type Clock, throwIfAborted } from "../contract/index.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  async sleep(ms, { signal }: AbortableOptions = {}) {
    throwIfAborted(signal);
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    signal?.addEventListener("abort", wake);
    try {
      await pause(ms, undefined, { signal: woken.signal });
    } catch {
      throwIfAborted(signal);
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  },
};

export const systemChance: Chance = {
  random: () => Math.random(),
  uniqueId: () => randomUUID(),
};
