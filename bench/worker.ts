// One case on one side, in a process of its own: nothing another case taught the optimiser is in the way.
//
// A timed case warms up, says so, and then runs a batch for every message it gets. A memory case says its
// bytes and is done.

import type { Case } from "./case.ts";
import { GROUPS } from "./groups.ts";
import type { Side } from "./implementations.ts";
import { measureMemory, MEMORY_CASES } from "./memory.ts";
import { isAtRest, newProbe } from "./probe.ts";

/** What is asked for: a batch, begun when the core is at rest or when `patienceMs` are over. */
export interface Order {
  readonly fastestProbe: number;
  readonly patienceMs: number;
}

/** What came of it. */
export interface Batch {
  /** Nanoseconds of CPU time for one operation. */
  readonly ns: number;
  /** The slower one of the probes right before and right after the batch. */
  readonly probe: number;
  /** The fastest one so far. */
  readonly fastestProbe: number;
  /** The CPU time of the whole batch. */
  readonly ms: number;
  readonly waitedMs: number;
  /** What all results so far add up to: reported, so that the optimiser cannot drop the work. */
  readonly consumed: number;
}

const BATCH_MS = 3;
const WARM_UP_MS = 200;

const [id, side] = process.argv.slice(2) as [string, Side];
const timed = GROUPS.flat().find((one) => one.id === id);
const memory = MEMORY_CASES.find((one) => one.id === id);
if (timed) await serve(timed);
else if (memory) process.send!(measureMemory(side, memory), () => process.disconnect());
else throw new Error(`no case ${id}`);

async function serve(one: Case): Promise<void> {
  const run = one.prepare(side);
  const probe = newProbe();
  let consumed = 0;
  let n = 1;
  // In growing steps, which also tell how many operations make a batch.
  const began = performance.now();
  let each = Number.POSITIVE_INFINITY;
  while (performance.now() - began < WARM_UP_MS) {
    const before = performance.now();
    consumed += await run(n);
    each = (performance.now() - before) / n;
    if (each * n < BATCH_MS) n *= 2;
    probe();
  }
  n = Math.max(1, Math.round(BATCH_MS / each));

  let fastestProbe = Number.POSITIVE_INFINITY;
  const runBatch = async (order: Order): Promise<void> => {
    const asked = performance.now();
    let before: number;
    let waitedMs: number;
    do {
      before = probe();
      fastestProbe = Math.min(fastestProbe, order.fastestProbe, before);
      waitedMs = performance.now() - asked;
    } while (!isAtRest(before, fastestProbe) && waitedMs < order.patienceMs);
    const start = process.cpuUsage();
    consumed += await run(n);
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    const ns = (ms * 1e6) / n / (one.operationsPerRun ?? 1);
    const batch: Batch = { ns, probe: Math.max(before, probe()), fastestProbe, ms, waitedMs, consumed };
    process.send!(batch);
  };
  process.on("message", (order) => void runBatch(order as Order));
  process.send!("warm");
}
