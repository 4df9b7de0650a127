// Timing a group of cases: all of them, ours and the yardstick's, batch by batch in turns.
//
// The speed of a shared machine changes by half from one moment to the next. Batches of a few milliseconds
// that take turns meet the same machine, and the probe tells which of them had the core for themselves. What
// the optimiser makes of a program differs a little from process to process, too: of ours, a few in turn have
// their say.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Group } from "./case.ts";
import type { Side } from "./implementations.ts";
import { isAtRest } from "./probe.ts";
import type { Batch, Order } from "./worker.ts";

/** The batches of one case. Those with the same index ran in the same round. */
export type Measurement = Readonly<Record<Side, readonly Batch[]>>;

/** How many processes each case of ours has, one after the other. */
const PROCESSES = 3;
/** Rounds for each of them. */
const ROUNDS = 14;
/** What the batches of one process may take; when it is spent, the last one stands for those to come. */
const BUDGET_MS = 1000;
/** How long a group may wait, all in all, for a core at rest; and how long all of them together may. */
const PATIENCE_MS = 4000;
const WHOLE_PATIENCE_MS = 20_000;
/** How often a batch is run again whose core did not stay at rest. */
const TRIES = 3;

const WORKER = fileURLToPath(new URL("worker.js", import.meta.url));

/** A warm process, and what it has measured. */
interface Runner {
  readonly process: ChildProcess;
  readonly into: Batch[];
  spentMs: number;
}

export class Bench {
  /** The fastest probe so far. */
  #fastestProbe = Number.POSITIVE_INFINITY;
  #patienceMs = 0;
  #wholePatienceMs = WHOLE_PATIENCE_MS;

  get fastestProbe(): number {
    return this.#fastestProbe;
  }

  /** One measurement for each case of the group. */
  async measure(group: Group): Promise<Measurement[]> {
    this.#patienceMs = Math.min(PATIENCE_MS, this.#wholePatienceMs);
    const measurements = group.map(() => ({ ours: [] as Batch[], yardstick: [] as Batch[] }));
    const startAll = async (side: Side): Promise<Runner[]> => {
      const runners: Runner[] = [];
      for (const [index, { id }] of group.entries()) {
        runners.push(await start(id, side, measurements[index]![side]));
      }
      return runners;
    };
    const yardsticks = await startAll("yardstick");
    for (let i = 0; i < PROCESSES; i++) {
      const ours = await startAll("ours");
      for (let round = 0; round < ROUNDS; round++) {
        for (const runner of [...ours, ...yardsticks]) await this.#addBatch(runner);
      }
      stop(ours);
    }
    stop(yardsticks);
    return measurements;
  }

  async #addBatch(runner: Runner): Promise<void> {
    let batch = runner.into.at(-1);
    for (let tries = 0; tries < TRIES && runner.spentMs < BUDGET_MS; tries++) {
      batch = await this.#runBatch(runner);
      if (this.#patienceMs <= 0 || isAtRest(batch.probe, this.#fastestProbe)) break;
    }
    runner.into.push(batch!);
  }

  async #runBatch(runner: Runner): Promise<Batch> {
    const order: Order = { fastestProbe: this.#fastestProbe, patienceMs: this.#patienceMs };
    const answer = answerOf(runner.process);
    runner.process.send(order);
    const batch = (await answer) as Batch;
    this.#fastestProbe = Math.min(this.#fastestProbe, batch.fastestProbe);
    this.#patienceMs -= batch.waitedMs;
    this.#wholePatienceMs -= batch.waitedMs;
    runner.spentMs += batch.ms;
    return batch;
  }
}

/** What a worker says that has one thing to say. */
export async function askWorker(id: string, side: Side): Promise<unknown> {
  return answerOf(forkWorker(id, side));
}

async function start(id: string, side: Side, into: Batch[]): Promise<Runner> {
  const process = forkWorker(id, side);
  await answerOf(process);
  return { process, into, spentMs: 0 };
}

function stop(runners: readonly Runner[]): void {
  for (const { process } of runners) process.disconnect();
}

function forkWorker(id: string, side: Side): ChildProcess {
  return fork(WORKER, [id, side], {
    execArgv: ["--expose-gc", "--max-old-space-size=4096"],
    // JSON has no Infinity.
    serialization: "advanced",
  });
}

/** The next message of a process. @throws when it ends first. */
function answerOf(process: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the worker ended with ${code}`));
    process.once("exit", ended);
    process.once("message", (message) => {
      process.off("exit", ended);
      resolve(message);
    });
  });
}
