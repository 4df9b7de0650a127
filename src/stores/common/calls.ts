// The calls under way in a store: refused once it is closed, and finished before it is.

import { type AbortableOptions, throwIfAborted } from "../../contract/index.ts";
import { storeClosed } from "./asked.ts";

export class Calls {
  #count = 0;
  #isClosed = false;
  readonly #idle: (() => void)[] = [];
  readonly #done = (): void => {
    if (--this.#count > 0) return;
    for (const idle of this.#idle.splice(0)) idle();
  };

  /**
   * Makes a call; it rejects where that throws.
   *
   * @throws PortError `REGISTRY_CLOSED`, and the signal's reason.
   */
  run<Result>(options: AbortableOptions | undefined, call: () => Promise<Result>): Promise<Result> {
    let calling: Promise<Result>;
    try {
      throwIfAborted(options?.signal);
      this.expectOpen();
      calling = call();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#count++;
    calling.then(this.#done, this.#done);
    return calling;
  }

  /** @throws PortError `REGISTRY_CLOSED` */
  expectOpen(): void {
    if (this.#isClosed) throw storeClosed();
  }

  /** Refuses calls from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Settles when none is under way. */
  async idle(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
