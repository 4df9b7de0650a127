// SQLite stores for tests: closed with their test, with a clock that can be told the time.

import { onTestFinished } from "vitest";

import type { Chance, Clock, Store } from "../../src/contract/index.ts";
import { systemChance, systemClock } from "../../src/node/clock.ts";
import { openSqliteStore } from "../../src/stores/sqlite/index.ts";
import { type Database, loadDriver } from "../../src/stores/sqlite/driver.ts";

export interface StoreSettings {
  readonly boot?: string;
  readonly clock?: Clock;
  readonly chance?: Chance;
}

export async function openStore(directory: string, settings: StoreSettings = {}): Promise<Store> {
  const store = await openSqliteStore({
    directory,
    boot: settings.boot ?? "boot-1",
    clock: settings.clock ?? systemClock,
    chance: settings.chance ?? systemChance,
  });
  onTestFinished(() => store.close());
  return store;
}

/** A clock on which a sleep takes no real time, and the stretch that it takes is given. */
export function leapingClock(leapMs: number): Clock & { readonly sleeps: number } {
  const clock = {
    sleeps: 0,
    now: () => 0,
    elapsed: () => clock.sleeps * leapMs,
    sinceBoot: () => clock.sleeps * leapMs,
    sleep: async () => {
      clock.sleeps++;
    },
  };
  return clock;
}

/** A clock that stands still until it is moved, so that revisions are 1, 2, 3…; its sleeps take their time. */
export interface StillClock extends Clock {
  elapsedMs: number;
}

export function stillClock(elapsedMs = 0): StillClock {
  const clock = { ...systemClock, elapsedMs, elapsed: () => clock.elapsedMs };
  return clock;
}

/** The database as a program sees that knows nothing of stores. */
export function openDatabase(path: string): Database {
  return loadDriver().open(path);
}

/** Puts all that was committed into the main file, where another program finds it. */
export function checkpoint(path: string): void {
  const database = openDatabase(path);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}
