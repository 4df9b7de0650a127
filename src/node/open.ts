// open(): puts a store and this machine together into a registry.

import type { Host } from "../contract/index.ts";
import { expectInteger, expectOptions } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import {
  bindScope,
  createRegistry,
  defaultPool,
  type Registry,
  type TestRun,
  type World,
} from "../registry/index.ts";
import { openSqliteStore } from "../stores/sqlite/index.ts";
import { newAbortable, systemChance, systemClock } from "./clock.ts";
import { stateDirectory, surroundings } from "./state-directory.ts";
import { findTestRun } from "./test-run.ts";

export interface OpenOptions {
  /**
   * The state folder. Whoever shares it shares the leases.
   *
   * @default `$MOORAGE_DIR`, else the user's state folder, `~/.local/state/moorage` on Linux
   */
  readonly directory?: string | undefined;
  /**
   * For how many milliseconds a port is the last choice for others when its lease has ended, 0 to 86,400,000.
   * In that time what the last holder left behind can end: connections, a server that is still stopping.
   *
   * @default 2000
   */
  readonly quarantineMs?: number | undefined;
}

const QUARANTINE_MS = { normal: 2000, longest: 86_400_000 };

/**
 * Opens the registry of this machine's ports, made on first use.
 *
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_BUSY`, `DRIVER_MISSING`,
 * `HOST_UNSUPPORTED`.
 * @example
 * import { open } from "moorage";
 *
 * await using registry = await open();
 * await using lease = await registry.acquire({ name: "web" });
 * server.listen(lease.port);
 */
export async function open(options: OpenOptions = {}): Promise<Registry> {
  return await openInRun((host) => findTestRun(process.env, host), options);
}

/** As `open`, for those who know better which test run they belong to. */
export async function openInRun(findRun: FindRun, options: OpenOptions = {}): Promise<Registry> {
  expectOptions("open", options, ["directory", "quarantineMs"]);
  return (await openBoth(findRun, options)).registry;
}

/** As `open`, for a layer that keeps records of its own beside the leases. */
export async function openWorld(options: OpenOptions): Promise<OpenWorld> {
  return await openBoth((host) => findTestRun(process.env, host), options);
}

/** A registry, whose end closes the store, and what it works with. */
export interface OpenWorld {
  readonly registry: Registry;
  readonly world: World;
}

type FindRun = (host: Host) => TestRun | undefined;

async function openBoth(findRun: FindRun, options: OpenOptions): Promise<OpenWorld> {
  const quarantineMs = expectInteger(
    "quarantineMs",
    options.quarantineMs ?? QUARANTINE_MS.normal,
    0,
    QUARANTINE_MS.longest,
  );
  const host = openHost();
  const store = await openSqliteStore({
    directory: stateDirectory(options.directory, surroundings()),
    boot: host.boot,
    clock: systemClock,
    chance: systemChance,
  });
  try {
    const world: World = {
      store,
      scope: await bindScope(store, host),
      host,
      clock: systemClock,
      chance: systemChance,
      newAbortable,
      defaultPool: defaultPool(host.settings()),
      quarantineMs,
      testRun: () => findRun(host),
    };
    return { registry: createRegistry(world), world };
  } catch (error) {
    await store.close();
    throw error;
  }
}
