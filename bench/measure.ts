// Timing one case on one side: CPU time of this process for batches of about the same length.

import type { Case } from "./cases.ts";
import type { Side } from "./implementations.ts";

export interface Measurement {
  /** Median of the batches, in nanoseconds of CPU time for one operation. */
  readonly ns: number;
  readonly runs: readonly number[];
  /** What all results add up to: reported, so that the optimiser cannot drop the work. */
  readonly consumed: number;
}

const BATCHES = 9;
const BATCH_MS = 60;
const WARM_UP_MS = 250;

export function measure(one: Case, side: Side): Measurement {
  const { operationsPerRun = 1 } = one;
  const run = one.prepare(side);
  let consumed = 0;
  let n = 1;
  // Warm up in growing steps, and learn how many operations make a batch.
  const warm = performance.now();
  let perOperation = Number.POSITIVE_INFINITY;
  while (performance.now() - warm < WARM_UP_MS) {
    const began = performance.now();
    consumed += run(n);
    perOperation = (performance.now() - began) / n;
    if (perOperation * n < BATCH_MS / 4) n *= 2;
  }
  n = Math.max(1, Math.round(BATCH_MS / perOperation));
  const runs: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const began = process.cpuUsage();
    consumed += run(n);
    const { user, system } = process.cpuUsage(began);
    runs.push(((user + system) * 1000) / n / operationsPerRun);
  }
  return { ns: runs.toSorted((a, b) => a - b)[BATCHES >> 1]!, runs, consumed };
}
