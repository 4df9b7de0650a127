// open(): puts a store and this machine together into a registry.

import { expectOptions } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import { createRegistry, defaultPool, type Registry } from "../registry/index.ts";
import { openSqliteStore } from "../stores/sqlite/index.ts";
import { systemChance, systemClock } from "./clock.ts";
import { stateDirectory, surroundings } from "./state-directory.ts";

export interface OpenOptions {
  /**
   * The state folder. Whoever shares it shares the leases.
   *
   * @default `$MOORAGE_DIR`, else the user's state folder, `~/.local/state/moorage` on Linux
   */
  readonly directory?: string | undefined;
}

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
  expectOptions("open", options, ["directory"]);
  const host = openHost();
  const store = await openSqliteStore({
    directory: stateDirectory(options.directory, surroundings()),
    boot: host.boot,
    clock: systemClock,
    chance: systemChance,
  });
  return createRegistry({
    store,
    host,
    clock: systemClock,
    chance: systemChance,
    defaultPool: defaultPool(host.settings()),
  });
}
