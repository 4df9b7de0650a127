// Turns: the calls under one name wait for one another, in the order they came.
//
// Between the commit that claims a port and the look at the kernel, the record of a name points at a port
// that may still be given up. Another request of the same process must not take it for its lease, nor take
// a lease that is being given back; so it does not look before the one ahead of it is over.

import { type AbortSignalLike, throwIfAborted } from "../contract/index.ts";

export class Turns {
  /** For each name with calls: settles, never rejecting, when the last one of them is over. */
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `call` when all earlier calls under the names are over; an abort ends the waiting, not the call. */
  takeAll<Result>(
    names: readonly string[],
    call: () => Promise<Result>,
    signal?: AbortSignalLike,
  ): Promise<Result> {
    if (names.length === 0) return call();
    // In one order for everybody: two calls never wait for each other.
    const inOrder = names.toSorted((a, b) => (a < b ? 1 : -1));
    const nested = inOrder.reduce<() => Promise<Result>>(
      (inner, name) => () => this.#take(name, inner, signal),
      call,
    );
    return nested();
  }

  async #take<Result>(name: string, call: () => Promise<Result>, signal?: AbortSignalLike): Promise<Result> {
    const before = this.#last.get(name) ?? Promise.resolve();
    let finish!: () => void;
    const mine = new Promise<void>((resolve) => (finish = resolve));
    const last = before.then(() => mine);
    this.#last.set(name, last);
    void last.then(() => this.#last.get(name) === last && this.#last.delete(name));
    try {
      await waitFor(before, signal);
      return await call();
    } finally {
      finish();
    }
  }
}

/** Settles when the other does; an abort ends the waiting. */
export async function waitFor(before: Promise<unknown>, signal: AbortSignalLike | undefined): Promise<void> {
  if (!signal) return void (await before);
  let wake!: () => void;
  const aborted = new Promise<void>((resolve) => (wake = resolve));
  signal.addEventListener("abort", wake);
  try {
    if (!signal.aborted) await Promise.race([before, aborted]);
    throwIfAborted(signal);
  } finally {
    signal.removeEventListener("abort", wake);
  }
}
