// A store whose SQL can be read: what it tells the database to do, statement by statement.

import { onTestFinished, vi } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { type Database, loadDriver } from "../../src/stores/sqlite/driver.ts";
import { openStore, type StoreSettings } from "./sqlite.ts";

export interface SpiedStore {
  readonly store: Store;
  /** What was executed since the store was opened, without prepared statements. */
  readonly executed: string[];
}

/** Opens a store; `before` is called before each text is executed, and may throw in its place. */
export async function openSpied(
  folder: string,
  settings: StoreSettings = {},
  before: (sql: string) => void = () => {},
): Promise<SpiedStore> {
  const driver = loadDriver();
  const executed: string[] = [];
  let opened = false;
  const spy = vi.spyOn(driver, "open").mockImplementationOnce((path): Database => {
    spy.mockRestore();
    const database = driver.open(path);
    const exec = (sql: string): unknown => {
      if (opened) before(sql);
      if (opened) executed.push(sql);
      return database.exec(sql);
    };
    return { exec, prepare: (sql) => database.prepare(sql), close: () => database.close() };
  });
  onTestFinished(() => spy.mockRestore());
  const store = await openStore(folder, settings);
  opened = true;
  return { store, executed };
}
