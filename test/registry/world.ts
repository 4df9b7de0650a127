// Worlds for tests: registries of several processes of one machine, on one memory.

import { onTestFinished } from "vitest";

import type { Abortable, Store } from "../../src/contract/index.ts";
import { PortSet } from "../../src/core/index.ts";
import {
  createRegistry,
  holdersByHost,
  holdersBySession,
  hostOfMany,
  type Lease,
  type Registry,
  type TestRun,
  type World,
} from "../../src/registry/index.ts";
import { memory, type SharedMemory } from "../../src/stores/memory/index.ts";
import { Machine, ofProcess } from "./machine.ts";

export { memory as newState } from "../../src/stores/memory/index.ts";
export { Machine, processOf } from "./machine.ts";

export interface Member {
  /** What it shares with others, as a state folder. */
  readonly state: SharedMemory;
  readonly machine: Machine;
  /** @default 1 */
  readonly pid?: number;
  readonly parents?: readonly number[];
  /** What stands between the registry and the store. */
  readonly wrap?: (store: Store) => Store;
  /** Where unnamed requests start, from 0 to below 1. @default 0: at the first port */
  readonly random?: () => number;
  readonly testRun?: TestRun;
  /** @default 2000 */
  readonly quarantineMs?: number;
  /** @default "default" */
  readonly scope?: string;
  /** Where the state is an engine's. @default 15,000 */
  readonly sessionTtlMs?: number;
}

export const SCOPE = "default";
/** The ports of a request that names none. */
export const DEFAULT_PORTS = "100-109";
/** The name of the machine, where the state is an engine's. */
export const MACHINE = "web-1";
/** For how long a port is the last choice for others. */
export const QUARANTINE_MS = 2000;
/** For how long an engine hears nothing of a process until its leases are over. */
export const SESSION_TTL_MS = 15_000;

/** All that the registry of one process works with. */
export async function worldOf(member: Member): Promise<World> {
  const { state, machine, pid = 1, parents = [], wrap = (store) => store, random = () => 0 } = member;
  const opened = await state.open();
  const own = machine.hostOf(pid, ...parents);
  const host = opened.expiring ? hostOfMany(own, MACHINE) : own;
  const world = {
    store: ofProcess(wrap(opened), machine, host.self),
    scope: member.scope ?? SCOPE,
    host,
    clock: machine.time.clockOf(pid),
    chance: { random, uniqueId: () => `lease-${pid}-${++machine.ids}` },
    newAbortable: (): Abortable => new AbortController(),
    defaultPool: { ports: PortSet.parse(DEFAULT_PORTS), reserved: 0 },
    quarantineMs: member.quarantineMs ?? QUARANTINE_MS,
    testRun: () => member.testRun,
  };
  const { expiring } = world.store;
  const holders = expiring
    ? holdersBySession(world, expiring, member.sessionTtlMs ?? SESSION_TTL_MS)
    : holdersByHost(world);
  return { ...world, holders };
}

/** The registry as one process has it; closed with the test. */
export async function join(member: Member): Promise<Registry> {
  const { machine, pid = 1 } = member;
  const world = await worldOf(member);
  const registry = createRegistry(world);
  onTestFinished(async () => {
    await machine.time.goOn(pid);
    if (!machine.isDead(world.host.self)) await registry.close().catch(() => undefined);
  });
  return registry;
}

export interface Several {
  readonly machine: Machine;
  readonly state: SharedMemory;
  /** Of processes 1, 2, 3 and so on. */
  readonly registries: readonly Registry[];
  /** Another process. */
  readonly enter: (pid: number, options?: Omit<Member, "state" | "machine" | "pid">) => Promise<Registry>;
}

/** A machine with so many processes, pids 1 and up, that share a state. */
export async function several(
  count: number,
  options: Omit<Member, "state" | "machine" | "pid"> = {},
): Promise<Several> {
  const machine = new Machine();
  const state = stateOf(machine);
  const enter: Several["enter"] = (pid, own = options) => join({ state, machine, pid, ...own });
  const registries: Registry[] = [];
  for (let pid = 1; pid <= count; pid++) registries.push(await enter(pid));
  return { machine, state, registries, enter };
}

/**
 * What the processes of a machine share: as a folder; or as an engine, which lets go by its own clock whom it does not
 * hear of, where the tests are run over one (test/cluster/registry.test.ts).
 */
export function stateOf(machine: Machine): SharedMemory {
  if (!isOverEngine()) return memory();
  return memory({ expiring: { clock: machine.time.clockOf(ENGINE_PID), ttl: { least: 1, step: 1 } } });
}

/** Then sessions decide much of what the host decides else. */
export function isOverEngine(): boolean {
  return process.env["MOORAGE_TEST_STATE"] === "engine";
}

/** A process as messages name it. */
export function shown(pid: number): string {
  return `program-${pid} (pid ${pid}${isOverEngine() ? ` on ${MACHINE}` : ""})`;
}

/** A process that is never stopped. */
const ENGINE_PID = 0;

/** "name port,port" of each lease, in the order of the list. */
export async function summary(registry: Registry): Promise<string[]> {
  return (await registry.list()).map(
    ({ name, ports, state }) => `${name ?? "-"} ${ports.join(",")}${state === "held" ? "" : ` ${state}`}`,
  );
}

/** The code of the refusal, or the ports of what was granted. */
export async function outcome(call: Promise<Lease>): Promise<string | readonly number[]> {
  return await call.then(
    ({ ports }) => ports,
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

/** Ports, names and the like in their order. */
export function sorted<Item extends number | string>(items: Iterable<Item>): Item[] {
  return [...items].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
