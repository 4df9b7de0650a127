// Time for tests: it stands still until the test moves it, and what sleeps is woken in the order it is due.

import type { Clock } from "../../src/contract/index.ts";

interface Sleeper {
  readonly pid: number;
  readonly at: number;
  readonly wake: () => void;
}

/** When the first boot was, before the time that tests begin at. */
const UP_MS = 1_000_000;
const EPOCH_MS = 1_700_000_000_000;

export class Time {
  #elapsed = 0;
  #bootedAt = -UP_MS;
  #sleepers: Sleeper[] = [];
  /** Processes that are stopped, with what waits in them to go on: they sleep on though their time has come. */
  readonly #stopped = new Map<number, (() => void)[]>();

  clockOf(pid: number): Clock {
    return {
      now: () => EPOCH_MS + this.#elapsed,
      elapsed: () => this.#elapsed,
      sinceBoot: () => this.#elapsed - this.#bootedAt,
      sleep: async (ms, { signal } = {}) => {
        if (signal?.aborted) throw signal.reason;
        let end!: () => void;
        await new Promise<void>((resolve) => {
          const sleeper: Sleeper = { pid, at: this.#elapsed + ms, wake: resolve };
          this.#sleepers.push(sleeper);
          end = () => {
            this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
            resolve();
          };
          signal?.addEventListener("abort", end);
        });
        signal?.removeEventListener("abort", end);
        if (signal?.aborted) throw signal.reason;
      },
    };
  }

  /** Lets time pass, with all that happens meanwhile. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) await this.#wake(next);
    this.#elapsed = end;
    await settle();
  }

  /** Lets as much time pass as the promise takes. */
  async until<Result>(promise: Promise<Result>): Promise<Result> {
    const state = { settled: false };
    const over = (): void => void (state.settled = true);
    promise.then(over, over);
    for (await settle(); !state.settled;) {
      const next = this.#next(Infinity);
      if (!next) throw new Error("waits for what will never come");
      await this.#wake(next);
    }
    return await promise;
  }

  stop(pid: number): void {
    this.#stopped.set(pid, []);
  }

  async goOn(pid: number): Promise<void> {
    const waiting = this.#stopped.get(pid) ?? [];
    this.#stopped.delete(pid);
    for (const wake of waiting) wake();
    await this.advance(0);
  }

  /** Returns at once, or when the process is not stopped any more. */
  async running(pid: number): Promise<void> {
    const waiting = this.#stopped.get(pid);
    if (waiting) await new Promise<void>((resolve) => waiting.push(resolve));
  }

  isStopped(pid: number): boolean {
    return this.#stopped.has(pid);
  }

  /** Nobody who sleeps in it ever wakes. */
  forget(pid: number): void {
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.pid !== pid);
  }

  boot(): void {
    this.#bootedAt = this.#elapsed;
    this.#sleepers = [];
    this.#stopped.clear();
  }

  #next(end: number): Sleeper | undefined {
    const due = this.#sleepers.filter(({ pid, at }) => at <= end && !this.#stopped.has(pid));
    return due.toSorted((a, b) => a.at - b.at)[0];
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    this.#elapsed = Math.max(this.#elapsed, sleeper.at);
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    sleeper.wake();
    await settle();
  }
}

/** Until all that can go on without the passing of time has done so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
