// What is done after a call that failed or was called off: a place in the line is left, claims are given back. The store may
// stand still then; who called is told all the same, and it goes on until the registry closes.

import type { AbortSignalLike } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { waitFor } from "./turns.ts";
import type { World } from "./world.ts";

/** How long a caller waits for it: longer than a store takes that answers. */
const WAIT_MS = 100;

/** Whether a call failed because the store does not answer: what tidies up would take its whole time, too. */
export function isAway(error: unknown): boolean {
  return PortError.is(error) && error.code === "STORE_UNAVAILABLE";
}

export class Tidying {
  readonly #world: Pick<World, "clock" | "newAbortable">;
  readonly #run: (call: () => Promise<void>) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();

  /** @param run makes a call that the store is kept open for */
  constructor(
    world: Pick<World, "clock" | "newAbortable">,
    run: (call: () => Promise<void>) => Promise<void>,
  ) {
    this.#world = world;
    this.#run = run;
  }

  get isUnderWay(): boolean {
    return this.#underWay.size > 0;
  }

  /** Settles, never rejecting, when it is done or has taken long. */
  async begin(call: () => Promise<void>): Promise<void> {
    const { clock, newAbortable } = this.#world;
    const done = newAbortable();
    const tidying = this.#run(call)
      .catch(() => undefined)
      .finally(() => {
        this.#underWay.delete(tidying);
        done.abort("it is done");
      });
    this.#underWay.add(tidying);
    await clock.sleep(WAIT_MS, { signal: done.signal, background: true }).catch(() => undefined);
  }

  /** Settles when what is under way now is done. */
  async settled(signal: AbortSignalLike | undefined): Promise<void> {
    await waitFor(Promise.all(this.#underWay), signal);
  }
}
