// The calls under way in a store: refused once it is closed, and finished before it is.

import { type AbortableOptions, throwIfAborted } from "../../contract/index.ts";
import { storeClosed } from "./asked.ts";

export class Calls {
  #count = 0;
  #isClosed = false;
  readonly #idle: (() => void)[] = [];

  /** @throws PortError `REGISTRY_CLOSED`, the signal's reason, and what the call throws. */
  async run<Result>(options: AbortableOptions | undefined, call: () => Promise<Result>): Promise<Result> {
    throwIfAborted(options?.signal);
    this.expectOpen();
    this.#count++;
    try {
      return await call();
    } finally {
      if (--this.#count === 0) for (const idle of this.#idle.splice(0)) idle();
    }
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
