// Worlds for tests: a real store, and a machine whose processes and strangers the test decides on.

import { onTestFinished } from "vitest";

import type { Host, ProcessIdentity, Store, Verdict } from "../../src/contract/index.ts";
import { type Binding, PortSet } from "../../src/core/index.ts";
import { createRegistry, type Registry } from "../../src/registry/index.ts";
import { openStore } from "../stores/sqlite.ts";

export function processOf(pid: number): ProcessIdentity {
  return { pid, startTime: pid * 10, boot: "boot-1", namespaces: "pid:[1]", command: `program-${pid}` };
}

/** Verdicts of the kernel for a port other than `free`, and who is dead. */
export class Machine {
  readonly dead = new Set<number>();
  readonly unknown = new Set<number>();
  readonly verdicts = new Map<number, Verdict>();
  /** Every binding that was looked at. */
  readonly looks: Binding[] = [];
  /** Called before each look; a test can wait, change the machine or throw there. */
  beforeLook: (binding: Binding) => void | Promise<void> = () => undefined;

  /** What process `pid` sees of the machine; `parents` are its ancestors. */
  hostOf(pid: number, ...parents: readonly number[]): Host {
    return {
      scope: "net:[1]",
      self: processOf(pid),
      ancestors: () => parents.map((parent) => ({ ...processOf(parent), forked: false })),
      process: (other) => (this.dead.has(other) || other > 9999 ? undefined : processOf(other)),
      liveness: (process) =>
        this.dead.has(process.pid) ? "dead" : this.unknown.has(process.pid) ? "unknown" : "alive",
      look: async (bindings, options) => {
        for (const binding of bindings) {
          if (options?.signal?.aborted) throw options.signal.reason;
          this.looks.push(binding);
          await this.beforeLook(binding);
          const verdict = this.verdicts.get(binding.port) ?? "free";
          if (verdict !== "free") return verdict;
        }
        return "free";
      },
      settings: () => ({ ephemeral: { first: 32768, last: 60999 }, reserved: [] }),
    };
  }
}

export interface Member {
  readonly directory: string;
  readonly machine: Machine;
  /** @default 1 */
  readonly pid?: number;
  readonly parents?: readonly number[];
  /** What stands between the registry and the store. */
  readonly wrap?: (store: Store) => Store;
  /** Where unnamed requests start, from 0 to below 1. @default 0: at the first port */
  readonly random?: () => number;
}

/** The ports of a request that names none. */
export const DEFAULT_PORTS = "100-109";

/** The registry as one process has it; closed with the test. */
export async function join(member: Member): Promise<Registry> {
  const { directory, machine, pid = 1, parents = [], wrap = (store) => store, random = () => 0 } = member;
  let ids = 0;
  let elapsed = 0;
  const chance = { random, uniqueId: () => `lease-${pid}-${++ids}-${Math.random().toString(36).slice(2)}` };
  const store = await openStore(directory);
  const registry = createRegistry({
    store: wrap(store),
    host: machine.hostOf(pid, ...parents),
    clock: {
      now: () => 1_700_000_000_000,
      elapsed: () => elapsed,
      sleep: (ms) => {
        elapsed += ms;
        return new Promise((resolve) => setImmediate(resolve));
      },
    },
    chance,
    defaultPool: PortSet.parse(DEFAULT_PORTS),
  });
  onTestFinished(() => registry.close().catch(() => undefined));
  return registry;
}

/** "name port,port" of each lease, in the order of the list. */
export async function summary(registry: Registry): Promise<string[]> {
  return (await registry.list()).map(
    ({ name, ports, state }) => `${name ?? "-"} ${ports.join(",")}${state === "held" ? "" : ` ${state}`}`,
  );
}
