// The parts that the registry's lines are made of: registries with and without a kernel, and the floors that
// they stand on, the bare SQLite claim and the bare bind.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as HostLayer from "../../dist/host/index.js";
import type * as NodeClock from "../../dist/node/clock.js";
import type { Registry } from "../../dist/registry/index.js";
import type * as RegistryLayer from "../../dist/registry/index.js";
import type * as DriverLayer from "../../dist/stores/sqlite/driver.js";
import type * as SqliteLayer from "../../dist/stores/sqlite/index.js";
import { PortSet } from "moorage/core";

/** The built layers, which have no doors of their own. */
async function layer<Layer>(path: string): Promise<Layer> {
  return (await import(new URL(`../../../dist/${path}`, import.meta.url).href)) as Layer;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "moorage-bench-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A registry on the real store whose host neither guards nor looks at the kernel, and no quarantine. */
export async function openWithoutKernel(directory: string, ports: string): Promise<Registry> {
  const { openHost } = await layer<typeof HostLayer>("host/index.js");
  const { createRegistry, bindScope, holdersByHost } = await layer<typeof RegistryLayer>("registry/index.js");
  const { openSqliteStore } = await layer<typeof SqliteLayer>("stores/sqlite/index.js");
  const { newAbortable, systemChance, systemClock } = await layer<typeof NodeClock>("node/clock.js");
  const hold = { release: () => undefined };
  const host = {
    ...openHost(),
    guards: undefined,
    holds: { take: () => hold },
    look: async () => "free" as const,
  };
  const store = await openSqliteStore({
    directory,
    boot: host.boot,
    clock: systemClock,
    chance: systemChance,
  });
  const world = {
    store,
    scope: await bindScope(store, host),
    host,
    clock: systemClock,
    chance: systemChance,
    newAbortable,
    defaultPool: { ports: PortSet.parse(ports), reserved: 0 },
    quarantineMs: 0,
    testRun: () => undefined,
  };
  return createRegistry({ ...world, holders: holdersByHost(world) });
}

/** What a claim and its release cost when SQLite does nothing else. */
export interface BareClaims {
  /** One after the other, each in its own transaction, as two processes that know nothing of each other do. */
  pair(port: number): void;
  /** As many at once, in one transaction for the claims and one for the releases. */
  batch(ports: readonly number[]): void;
  close(): void;
}

/** A port of the half that is not taken. */
function free(port: number): number {
  return port | 1;
}

export async function openBareClaims(directory: string): Promise<BareClaims> {
  const { loadDriver, resultCode, SQLITE } = await layer<typeof DriverLayer>("stores/sqlite/driver.js");
  const database = loadDriver().open(join(directory, "bare.db"));
  database.exec("PRAGMA busy_timeout = 1");
  const patiently = (sql: string): void => {
    for (;;) {
      try {
        database.exec(sql);
        return;
      } catch (error) {
        if (resultCode(error) !== SQLITE.BUSY) throw error;
      }
    }
  };
  patiently("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = NORMAL");
  patiently("BEGIN IMMEDIATE");
  database.exec(`
    CREATE TABLE IF NOT EXISTS claim (port INTEGER PRIMARY KEY, fence INTEGER, holder TEXT);
    CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, fence INTEGER);
    INSERT OR IGNORE INTO counter VALUES (1, 0);
    WITH RECURSIVE port(number) AS (SELECT 10000 UNION ALL SELECT number + 2 FROM port WHERE number < 29998)
    INSERT OR IGNORE INTO claim SELECT number, 1, '${"x".repeat(100)}' FROM port;
    COMMIT;
  `);
  const read = database.prepare("SELECT fence FROM claim WHERE port = ?");
  const next = database.prepare("UPDATE counter SET fence = fence + 1 RETURNING fence");
  const put = database.prepare("INSERT OR REPLACE INTO claim VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM claim WHERE port = ?");
  const holder = JSON.stringify({ pid: process.pid, started: 123_456, command: "node server.js" }).padEnd(
    100,
  );
  const claim = (port: number): void => {
    read.get(free(port));
    put.run(free(port), Number(next.get()?.["fence"]), holder);
  };
  return {
    pair(port) {
      patiently("BEGIN IMMEDIATE");
      claim(port);
      database.exec("COMMIT");
      patiently("BEGIN IMMEDIATE");
      remove.run(free(port));
      database.exec("COMMIT");
    },
    batch(ports) {
      patiently("BEGIN IMMEDIATE");
      for (const port of ports) claim(port);
      database.exec("COMMIT");
      patiently("BEGIN IMMEDIATE");
      for (const port of ports) remove.run(free(port));
      database.exec("COMMIT");
    },
    close: () => database.close(),
  };
}
