// The calls under way in a store: refused once it is closed, and finished before it is.

import { type AbortableOptions, throwIfAborted } from "../../contract/index.ts";
import { UnderWay } from "../../core/under-way.ts";
import { storeClosed } from "./asked.ts";

export class Calls {
  readonly #underWay = new UnderWay();
  #isClosed = false;

  /** @throws PortError `REGISTRY_CLOSED`, the signal's reason, and what the call throws. */
  async run<Result>(options: AbortableOptions | undefined, call: () => Promise<Result>): Promise<Result> {
    throwIfAborted(options?.signal);
    this.expectOpen();
    this.#underWay.begin();
    try {
      return await call();
    } finally {
      this.#underWay.end();
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
    await this.#underWay.idle();
  }
}
