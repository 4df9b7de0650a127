// open(): puts a store and this machine together into a registry.

import type { Engine, Host, Store } from "../contract/index.ts";
import { expectInteger, expectOptions } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import {
  bindScope,
  createRegistry,
  defaultPool,
  holdersByHost,
  holdersBySession,
  type Registry,
  type TestRun,
  type World,
} from "../registry/index.ts";
import { newAbortable, systemChance, systemClock } from "./clock.ts";
import { enterScope, type KnownScope, type Scope, type Scoped } from "./scope.ts";
import { findTestRun } from "./test-run.ts";
import { belongsToEngines, findWhereabouts, openStore, type Whereabouts } from "./whereabouts.ts";

export interface OpenOptions {
  /**
   * The state folder. Whoever shares it shares the leases.
   *
   * @default `$MOORAGE_DIR`, else the user's state folder, `~/.local/state/moorage` on Linux
   */
  readonly directory?: string | undefined;
  /**
   * The engine that many machines share, as `etcd()` and `postgres()` make it, in place of a folder.
   *
   * @default what `$MOORAGE_STORE` names, else the state folder
   */
  readonly store?: Engine | undefined;
  /**
   * On an engine, whose ports to lease: those of a host by its name, `{ host: "web-1" }`, or those of a pool, which no
   * machine has, `{ pool: "vip-1", ports: "30000-32767" }`.
   *
   * @default what `$MOORAGE_SCOPE` says (`host/web-1`, `pool/vip-1`, `pool/vip-1:30000-32767`), else this machine, by its
   * host name and machine id
   */
  readonly scope?: Scope | undefined;
  /**
   * On an engine, for how many milliseconds the leases of a process live that the engine does not hear of any more,
   * 1000 to 86,400,000; engines round it up. It is heard of at every third of that time.
   *
   * @default 15,000
   */
  readonly sessionTtlMs?: number | undefined;
  /**
   * For how many milliseconds a port is the last choice for others when its lease has ended, 0 to 86,400,000.
   * In that time what the last holder left behind can end: connections, a server that is still stopping.
   *
   * @default 2000
   */
  readonly quarantineMs?: number | undefined;
}

const DAY_MS = 86_400_000;
const QUARANTINE_MS = { normal: 2000, longest: DAY_MS };
const SESSION_TTL_MS = { shortest: 1000, normal: 15_000, longest: DAY_MS };
/** What `open` knows. */
export const OPEN_OPTIONS: readonly (keyof OpenOptions)[] = [
  "directory",
  "store",
  "scope",
  "sessionTtlMs",
  "quarantineMs",
];

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
  expectOptions("open", options, OPEN_OPTIONS);
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
  const { normal, longest } = QUARANTINE_MS;
  const quarantineMs = expectInteger("quarantineMs", options.quarantineMs ?? normal, 0, longest);
  const place = await findWhereabouts(options);
  const ttlMs = expectSessionTtl(options.sessionTtlMs, place);
  const host = openHost();
  const store = await openStore(place, host);
  return await closingOnError(store, async () => {
    const opening = { quarantineMs, findRun };
    const world = place.engine
      ? await worldOn(store, { host, scope: place.scope }, opening)
      : worldOf(store, await scopedInFolder(store, host), opening);
    const { expiring } = store;
    const holders = expiring ? holdersBySession(world, expiring, ttlMs) : holdersByHost(world);
    return { ...world, holders };
  });
}

/** How a registry is opened, wherever it is kept. */
interface Opening {
  readonly quarantineMs: number;
  readonly findRun: FindRun;
}

function expectSessionTtl(asked: number | undefined, { engine }: Whereabouts): number {
  const { shortest, normal, longest } = SESSION_TTL_MS;
  if (asked !== undefined && !engine) throw belongsToEngines("sessionTtlMs");
  return expectInteger("sessionTtlMs", asked ?? normal, shortest, longest);
}

async function scopedInFolder(store: Store, host: Host): Promise<Scoped> {
  return { scope: await bindScope(store, host), host, defaultPool: defaultPool(host.settings()) };
}

/** The world of a registry on an engine, but for how its holders are told alive. */
export async function worldOn(
  store: Store,
  { host, scope }: { readonly host: Host; readonly scope: KnownScope | undefined },
  opening: Opening,
): Promise<Omit<World, "holders">> {
  return worldOf(store, await enterScope(store, host, scope), opening);
}

function worldOf(store: Store, scoped: Scoped, { quarantineMs, findRun }: Opening): Omit<World, "holders"> {
  return {
    store,
    ...scoped,
    clock: systemClock,
    chance: systemChance,
    newAbortable,
    quarantineMs,
    testRun: () => findRun(scoped.host),
  };
}

async function closingOnError(store: Store, make: () => Promise<World>): Promise<OpenWorld> {
  try {
    const world = await make();
    return { registry: createRegistry(world), world };
  } catch (error) {
    await store.close();
    throw error;
  }
}
