// Opening a new state folder while another process does the same: both get the one database.

import { join } from "node:path";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import {
  type Database,
  loadDriver,
  resultCode,
  SQLITE,
  type Statement,
} from "../../src/stores/sqlite/driver.ts";
import { prepareSchema } from "../../src/stores/sqlite/schema.ts";
import { temporaryFolder } from "./folder.ts";
import { openDatabase, openStore, stillClock } from "./sqlite.ts";

/** When the tables are made. The clocks below show it too, so that the first revision is 1. */
const MOMENT = { boot: "boot-1", ticks: 0 };

/** Makes the tables, as another process would that came between; the lock may keep it out. */
function prepareAside(path: string): "made" | "locked" {
  const other = openDatabase(path);
  try {
    other.exec("BEGIN IMMEDIATE");
    prepareSchema(other, path, MOMENT);
    other.exec("COMMIT");
    return "made";
  } catch (error) {
    other.exec("ROLLBACK");
    if (resultCode(error) !== SQLITE.BUSY) throw error;
    return "locked";
  } finally {
    other.close();
  }
}

/** Calls `between` once, before the first statement of the next database that is opened whose text matches. */
function beforeStatement(pattern: RegExp, between: () => void): void {
  const driver = loadDriver();
  let waiting = true;
  const watch = (sql: string): void => {
    if (!waiting || !pattern.test(sql)) return;
    waiting = false;
    between();
  };
  const spy = vi.spyOn(driver, "open").mockImplementationOnce((path): Database => {
    spy.mockRestore();
    const database = driver.open(path);
    const exec = (sql: string): unknown => (watch(sql), database.exec(sql));
    const prepare = (sql: string): Statement => (watch(sql), database.prepare(sql));
    return { exec, prepare, close: () => database.close() };
  });
  onTestFinished(() => spy.mockRestore());
}

describe("a new database", () => {
  it.each(["DELETE", "WAL"])(
    "in journal mode %s is nobody else's when another process makes the tables between two looks at it",
    async (mode) => {
      const folder = temporaryFolder();
      const path = join(folder, "registry.db");
      const first = openDatabase(path);
      first.exec(`PRAGMA journal_mode = ${mode}`);
      first.close();
      const outcomes: string[] = [];
      beforeStatement(/^SELECT .*sqlite_master/u, () => outcomes.push(prepareAside(path)));
      const store = await openStore(folder, { clock: stillClock() });
      expect(outcomes).toEqual([mode === "WAL" ? "made" : "locked"]);
      expect(store.epoch).toBe(1);
      const change = { key: "port/a", ifRevision: 0, value: "A" };
      expect(await store.commit("scope", [change])).toMatchObject({
        committed: true,
        token: { revision: 1 },
      });
    },
  );

  it("that was locked at the first look can be written as soon as it is not, whoever wrote meanwhile", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "registry.db");
    const other = openDatabase(path);
    onTestFinished(() => void other.close());
    other.exec("BEGIN EXCLUSIVE");
    let prepared = false;
    const sleep = async (): Promise<void> => {
      if (prepared) return;
      prepared = true;
      other.exec("COMMIT; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
      prepareSchema(other, path, MOMENT);
      other.exec("COMMIT");
    };
    beforeStatement(/^BEGIN IMMEDIATE/u, () => {
      other.exec("INSERT INTO slot VALUES ('scope', 'port/b', 7, 'B')");
    });
    const store = await openStore(folder, { clock: { ...stillClock(), sleep } });
    expect(prepared).toBe(true);
    const change = { key: "port/b", ifRevision: 7, value: "A" };
    expect(await store.commit("scope", [change])).toMatchObject({ committed: true, token: { revision: 8 } });
  });
});
