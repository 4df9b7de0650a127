/// <reference lib="esnext.disposable" preserve="true" />
// openProject(): the services of one place, on the registry of this machine.

import { expectOptions } from "../core/expect.ts";
import { OPEN_OPTIONS, type OpenOptions, openWorld } from "../node/open.ts";
import {
  type AcquireAllOptions,
  type AcquireOptions,
  type Lease,
  type LeaseGroup,
  portsOfName,
  type Registry,
  reserve,
  type World,
} from "../registry/index.ts";
import { type Config, serviceOf } from "./config.ts";
import { ownVariables, sharedVariables, siblingVariables, urlOf, withReferred } from "./environment.ts";
import { type KnownProject, knownPlaces } from "./known-places.ts";
import { findPlace, type Place } from "./place.ts";
import { prune, type PruneOptions, type Pruned } from "./prune.ts";
import { readConfig } from "./read-config.ts";
import { remember } from "./remember.ts";
import { isService, namePrefix, serviceName } from "./service-name.ts";
import { isShared, settle } from "./settle.ts";
import { portFor, type Shortfall, shortfallOf } from "./shortfall.ts";

export interface OpenProjectOptions extends OpenOptions {
  /** A folder of the place. @default the folder of this process */
  readonly folder?: string | undefined;
}

/** What a service is leased with beside what its name and the config say: as of `acquire`. */
export type ServiceOptions = Omit<AcquireOptions, "name" | "kept" | "per">;

export interface VariablesOptions {
  /** The service that is told its own port (PORT) and `vars` too. @default none: the `vars` of all */
  readonly for?: string | undefined;
}

/**
 * The services of a place. They keep their ports: the same checkout has the same ones tomorrow, whatever ends or boots,
 * and another one has others.
 *
 * @example
 * await using project = await openProject();
 * await using lease = await project.acquire("web");
 * server.listen(lease.port);
 */
export interface Project extends AsyncDisposable {
  /** With the id by which the registry knows the project. */
  readonly place: Place;
  /**
   * Read when it is first asked for.
   *
   * @throws PortError `INVALID_CONFIG`.
   */
  readonly config: Config;
  /** All leases of the machine, by full names. Closed with the project. */
  readonly registry: Registry;
  /** The registry's name for a service of this place. */
  nameOf(service: string): string;
  /** The service of this place that has this full name; `null`: it is none of this place. */
  serviceOf(name: string | null): string | null;
  /** The full name that somebody means: of a service of this place, else the name itself where that has a port. */
  resolve(target: string): Promise<string>;
  /** What `acquire` asks the registry for. */
  request(service: string, options?: ServiceOptions): AcquireOptions & { readonly name: string };
  /**
   * Leases the port of a service, which it keeps from then on.
   *
   * @throws as `acquire` of a registry, and PortError `INVALID_CONFIG`.
   */
  acquire(service: string, options?: ServiceOptions): Promise<Lease>;
  /**
   * Notes where the place is, as all calls do that have a service keep a port. For who asks the registry itself for what
   * `request` says.
   */
  remember(): Promise<void>;
  /** Leases the ports of several services, by their names, or none. */
  acquireGroup(services: readonly string[], options?: AcquireAllOptions): Promise<LeaseGroup<string>>;
  /**
   * The ports of services, running or not. One that has none yet is given one, which it keeps.
   *
   * @param services default: all of the config
   */
  ports(services?: readonly string[]): Promise<Map<string, number>>;
  /** The ports that a service has or keeps; `undefined`: none yet. */
  portsOf(service: string): Promise<readonly number[] | undefined>;
  /** The URL of a service; a port is reserved where there is none yet. */
  url(service: string): Promise<string>;
  /**
   * What tells ports and URLs in an environment: WEB_PORT and WEB_URL for each service, and `vars` of the config.
   *
   * @param services default: all of the config
   */
  variables(services?: readonly string[], options?: VariablesOptions): Promise<Record<string, string>>;
  /**
   * Who has the port that a service would rather have: the one that was preferred, or the one that its name points at.
   * `null`: that is the one it got.
   */
  shortfall(service: string, got: number, prefer?: number): Promise<Shortfall | null>;
  /** The places whose services have or had ports. */
  places(): Promise<KnownProject[]>;
  /** Gives up what services keep whose worktrees are gone, in all projects; see `Pruned`. */
  prune(options?: PruneOptions): Promise<Pruned[]>;
  /** As of a registry. */
  close(): Promise<void>;
}

/**
 * Opens the services of the place that a folder is in.
 *
 * @throws as `open`, and TypeError or RangeError for what is no folder.
 * @example
 * import { openProject } from "moorage/project";
 *
 * const project = await openProject();
 * const { web, api } = Object.fromEntries(await project.ports(["web", "api"]));
 */
export async function openProject(options: OpenProjectOptions = {}): Promise<Project> {
  expectOptions("openProject", options, ["folder", ...OPEN_OPTIONS]);
  const { folder = process.cwd(), ...openOptions } = options;
  const natural = findPlace(folder);
  const { registry, world } = await openWorld(openOptions);
  let place: Place;
  try {
    place = await settle(world, natural);
  } catch (error) {
    await registry.close();
    throw error;
  }
  const prefix = namePrefix(place);
  let config: Config | undefined;
  let remembered: Promise<void> | undefined;

  const readOnce = (): Config => (config ??= readConfig(place));
  const pruning = { ...world, registry };

  /** Notes the place, and looks once after the other worktrees of the project. */
  async function rememberOnce(): Promise<void> {
    if (isShared(world)) return;
    const { name } = readOnce();
    const { project } = place;
    const { worktrees } = await remember(world, {
      ...place,
      project: { ...project, label: name ?? project.label },
    });
    if (Object.keys(worktrees).length > 1) {
      await prune({ ...pruning, now: world.clock.now(), only: project.id }, {});
    }
  }
  const noted = (): Promise<void> => (remembered ??= rememberOnce());

  const nameOf = (service: string): string => serviceName(place, service);
  const serviceIn = (name: string | null): string | null =>
    name?.startsWith(prefix) === true ? name.slice(prefix.length) : null;

  function request(service: string, asked: ServiceOptions = {}): AcquireOptions & { readonly name: string } {
    const { prefer, protocol } = serviceOf(readOnce(), service, place);
    // Who says which ports may be chosen has not wished for another one.
    const wish = prefer !== null && asked.ports === undefined ? { prefer } : {};
    return { ...wish, protocol, ...asked, name: nameOf(service), kept: true };
  }

  async function portsFor(
    services: readonly string[] = [...readOnce().services.keys()],
  ): Promise<Map<string, number>> {
    const requests = services.map((service) => [service, request(service)] as const);
    await noted();
    const found = requests.map(async ([service, one]): Promise<[string, number]> => {
      const [port] = await reserve(world, one);
      return [service, port!];
    });
    return new Map(await Promise.all(found));
  }

  async function settingFor(services: readonly string[]): Promise<Parameters<typeof urlOf>[0]> {
    const ports = await portsFor(withReferred(readOnce(), place, services));
    return { config: readOnce(), place, ports };
  }

  const close = (): Promise<void> => registry.close();
  return Object.freeze({
    place,
    get config() {
      return readOnce();
    },
    registry,
    nameOf,
    serviceOf: serviceIn,
    resolve: async (target: string) => {
      if (!isService(target)) return target;
      const own = nameOf(target);
      const isOther = !(await hasPorts(world, own)) && (await hasPorts(world, target));
      return isOther ? target : own;
    },
    request,
    remember: noted,
    acquire: async (service: string, asked?: ServiceOptions) => {
      const one = request(service, asked);
      await noted();
      return await registry.acquire(one);
    },
    acquireGroup: async (services: readonly string[], asked?: AcquireAllOptions) => {
      const parts = Object.fromEntries(services.map((service) => [service, request(service)]));
      await noted();
      return await registry.acquireAll(parts, asked);
    },
    ports: portsFor,
    portsOf: (service: string) => portsOfName(world, nameOf(service)),
    url: async (service: string) => urlOf(await settingFor([service]), service),
    variables: async (
      services: readonly string[] = [...readOnce().services.keys()],
      { for: own }: VariablesOptions = {},
    ) => {
      const setting = await settingFor(own === undefined ? services : [...services, own]);
      const further = own === undefined ? sharedVariables(setting, services) : ownVariables(setting, own);
      return { ...siblingVariables(setting, services), ...further };
    },
    shortfall: async (service: string, got: number, prefer?: number) => {
      const { prefer: preferred } = serviceOf(readOnce(), service, place);
      const wanted = prefer ?? preferred ?? portFor(world, nameOf(service));
      return wanted === null || wanted === got ? null : await shortfallOf(registry, world, { wanted, got });
    },
    places: () => knownPlaces(world),
    prune: (asked: PruneOptions = {}) => prune({ ...pruning, now: world.clock.now() }, asked),
    close,
    [Symbol.asyncDispose]: close,
  });
}

async function hasPorts(world: World, name: string): Promise<boolean> {
  return (await portsOfName(world, name)) !== undefined;
}
