// One after the other: whoever comes waits until those who came before are done.

export class Turns {
  /** Settles, and never fails, when all who came so far are done. */
  #done: Promise<void> = Promise.resolve();

  /**
   * Does the work when its turn has come. An abort before that takes it out of the line; once it has begun,
   * looking at the signal is its own business.
   *
   * @throws what the work throws, or the signal's reason.
   */
  async take<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    const before = this.#done;
    let leave!: () => void;
    const left = new Promise<void>((resolve) => (leave = resolve));
    this.#done = Promise.all([before, left]).then(() => undefined);
    try {
      await unlessAborted(before, signal);
      return await work();
    } finally {
      leave();
    }
  }
}

async function unlessAborted(waiting: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return await waiting;
  signal.throwIfAborted();
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(signal.reason)));
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
