// The watches of a store, and how they end: by the caller's leaving, by an abort, by the store's closing.
//
// A generator alone cannot be left while it waits: its return() waits too. So what it waits for gets a
// signal, which all three ends abort.

import type { AbortableOptions, AbortSignalLike, SlotChanges } from "../../contract/index.ts";

/** What the watch sees, look by look. Everything it waits for must end with the signal, by its reason. */
export type Looks = (signal: AbortSignalLike) => AsyncGenerator<SlotChanges, void>;

const ENDED = Symbol("ended");
const DONE = { done: true, value: undefined } as const;

export class Watches {
  readonly #open = new Set<Watch>();

  start(looks: Looks, { signal }: AbortableOptions = {}): AsyncIterableIterator<SlotChanges> {
    const watch: Watch = new Watch(looks, signal, () => this.#open.delete(watch));
    this.#open.add(watch);
    return watch;
  }

  /** Ends all of them. */
  end(): void {
    for (const watch of this.#open) watch.end(ENDED);
  }
}

class Watch implements AsyncIterableIterator<SlotChanges> {
  readonly #ending = new AbortController();
  readonly #looks: AsyncGenerator<SlotChanges, void>;
  readonly #signal: AbortSignalLike | undefined;
  readonly #ended: () => void;
  readonly #abort = (): void => this.end(this.#signal?.reason);

  constructor(looks: Looks, signal: AbortSignalLike | undefined, ended: () => void) {
    this.#looks = looks(this.#ending.signal);
    this.#signal = signal;
    this.#ended = ended;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener("abort", this.#abort);
  }

  async next(): Promise<IteratorResult<SlotChanges, undefined>> {
    try {
      const look = await this.#looks.next();
      if (!look.done) return look;
    } catch (error) {
      this.#close();
      if (error !== ENDED) throw error;
    }
    return DONE;
  }

  async return(): Promise<IteratorResult<SlotChanges, undefined>> {
    this.end(ENDED);
    this.#close();
    await this.#looks.return();
    return DONE;
  }

  /** What is waited for rejects with `reason`; so does the next look when nothing is. */
  end(reason: unknown): void {
    this.#ending.abort(reason);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#ended();
  }
}
