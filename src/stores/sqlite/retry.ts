// Waiting for the write lock of the database.
//
// SQLite's own busy handler sleeps without a queue and starves writers for seconds (measured: 2.6–3.2 s
// among four). So SQLite does not wait at all, and this package tries again after a short random pause, until the
// lock is had or the time is over. Short pauses are the fair ones: who has waited long must not wait longer
// than who has just come. Pauses much shorter than these are not better: whoever has the lock gets on fastest while the
// others sleep, for its pages stay in memory until somebody else commits. Only a lock that somebody really keeps is
// asked for less often.

import type { Chance, Clock } from "../../contract/index.ts";
import { PortError } from "../../core/index.ts";
import { resultCode, SQLITE } from "./driver.ts";

/** How long a request waits for the lock: many times the longest wait measured among 8 processes. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 3;
const EAGER_TRIES = 50;
const LATER_PAUSE_MS = 8;

export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE.BUSY;
}

/** How many milliseconds to wait after the lock was not had for so many times, from 1. */
export function pauseAfter(tries: number, chance: Chance): number {
  return (tries <= EAGER_TRIES ? PAUSE_MS : LATER_PAUSE_MS) * chance.random();
}

/** The end of the patience of who waits since `since`, on the clock's `elapsed`. */
export function outOfPatience(since: number, clock: Clock, cause: unknown): PortError | undefined {
  const waitedMs = Math.round(clock.elapsed() - since);
  if (waitedMs <= PATIENCE_MS) return undefined;
  const message = `other processes kept the store locked for ${waitedMs} ms`;
  return new PortError("STORE_BUSY", message, { waitedMs }, { cause });
}

/**
 * Runs `attempt` until it does not fail with SQLITE_BUSY.
 *
 * @throws PortError `STORE_BUSY` when others keep the lock for too long.
 */
export async function whenNotBusy<Result>(
  attempt: () => Result,
  { clock, chance }: { readonly clock: Clock; readonly chance: Chance },
): Promise<Result> {
  const began = clock.elapsed();
  for (let tries = 1; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const over = outOfPatience(began, clock, error);
      if (over) throw over;
    }
    await clock.sleep(pauseAfter(tries, chance));
  }
}
