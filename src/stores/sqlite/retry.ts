// Waiting for the write lock of the database.
//
// SQLite's own busy handler sleeps without a queue and starves writers for seconds (measured: 2.6–3.2 s
// among four). So SQLite waits for a millisecond at most, and this loop tries again after a short random
// pause, until the lock is had or the time is over.

import { type AbortableOptions, type Chance, type Clock, throwIfAborted } from "../../contract/index.ts";
import { PortError } from "../../core/index.ts";
import { resultCode, SQLITE } from "./driver.ts";

/** How long a request waits for the lock: many times the longest wait measured among 8 processes. */
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 8;

/**
 * Runs `attempt` until it does not fail with SQLITE_BUSY.
 *
 * @throws PortError `STORE_BUSY` when others keep the lock for too long.
 */
export async function whenNotBusy<Result>(
  attempt: () => Result,
  { clock, chance, signal }: AbortableOptions & { readonly clock: Clock; readonly chance: Chance },
): Promise<Result> {
  const began = clock.elapsed();
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    throwIfAborted(signal);
    try {
      return attempt();
    } catch (error) {
      if (resultCode(error) !== SQLITE.BUSY) throw error;
      const waitedMs = Math.round(clock.elapsed() - began);
      if (waitedMs > PATIENCE_MS) {
        const message = `other processes kept the store locked for ${waitedMs} ms`;
        throw new PortError("STORE_BUSY", message, { waitedMs }, { cause: error });
      }
    }
    await clock.sleep(pause * chance.random(), { signal });
  }
}
