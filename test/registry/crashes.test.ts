// A process that dies before or after any one of its commits: the others find records in order, no port is
// granted twice, and none is lost.

import { describe, expect, it } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { PortSet } from "../../src/core/index.ts";
import { audit, readScope } from "../../src/registry/audit.ts";
import type { Registry } from "../../src/registry/index.ts";
import { settle } from "./time.ts";
import {
  join,
  Machine,
  newState,
  processOf,
  QUARANTINE_MS,
  type Several,
  several,
  sorted,
  worldOf,
} from "./world.ts";
import { updateThrough } from "../stores/update-through.ts";

const PORTS = "50-55";

interface Story {
  /** What comes before, in which nobody dies. */
  readonly prepare?: (world: Several, registry: Registry) => unknown;
  /** What process 1 does when it dies. */
  readonly act: (registry: Registry, world: Several) => unknown;
}

const stories: readonly (readonly [string, Story])[] = [
  ["an acquire", { act: (registry) => registry.acquire({ ports: PORTS, count: 3 }) }],
  ["an acquire by name", { act: (registry) => registry.acquire({ name: "web", ports: PORTS, count: 3 }) }],
  [
    "an acquire of a block that overlaps the one before",
    { act: (registry) => registry.acquire({ ports: PORTS, count: 2, contiguous: true, ttlMs: 1000 }) },
  ],
  [
    "an acquire to keep",
    { act: (registry) => registry.acquire({ name: "db", ports: PORTS, count: 2, kept: true }) },
  ],
  [
    "an acquire that cannot be granted",
    { act: (registry) => registry.tryAcquire({ name: "web", ports: PORTS, count: 6 }) },
  ],
  [
    "acquireAll",
    {
      act: (registry) =>
        registry.acquireAll({
          web: { name: "web", ports: PORTS },
          db: { name: "db", ports: PORTS, kept: true, protocol: ["tcp", "udp"] },
          some: { ports: PORTS, count: 2, ttlMs: 1000 },
        }),
    },
  ],
  [
    "taking what a dead process left",
    {
      prepare: async ({ machine, registries }) => {
        await registries[2]!.acquire({ name: "old", ports: PORTS, count: 2, ttlMs: 1000 });
        await registries[2]!.acquire({ ports: PORTS, count: 2, protocol: ["tcp", "udp"] });
        machine.kill(3);
        await machine.time.advance(1000);
      },
      act: (registry) => registry.acquire({ name: "web", ports: PORTS, count: 4, protocol: ["tcp", "udp"] }),
    },
  ],
  [
    "a release",
    {
      prepare: (_, registry) => registry.acquire({ ports: PORTS, count: 3 }),
      act: (registry) => registry.close(),
    },
  ],
  [
    "a release by name of ports that are kept",
    {
      prepare: (_, registry) => registry.acquire({ name: "db", ports: PORTS, count: 3, kept: true }),
      act: (registry) => registry.release("db"),
    },
  ],
  [
    "a release by number of ports that are kept",
    {
      prepare: (_, registry) =>
        registry.acquire({ name: "db", ports: PORTS, prefer: 50, count: 3, kept: true }),
      act: (registry) => registry.release(50),
    },
  ],
  [
    "giving up",
    {
      prepare: (_, registry) => registry.acquire({ name: "db", ports: PORTS, count: 3, kept: true }),
      act: (registry) => registry.giveUp("db"),
    },
  ],
  [
    "renewals",
    {
      prepare: (_, registry) => registry.acquire({ ports: PORTS, count: 2, ttlMs: 3000 }),
      act: (_, { machine }) => machine.time.advance(2000),
    },
  ],
  [
    "a transfer",
    {
      prepare: (_, registry) => registry.acquire({ name: "web", ports: PORTS, count: 2, ttlMs: 3000 }),
      act: async (registry) => await (await registry.adopt("web")).transfer(2),
    },
  ],
  [
    "taking up what a dead process left",
    {
      prepare: async ({ machine, registries }) => {
        await registries[2]!.acquire({ name: "web", ports: PORTS, count: 2 });
        machine.kill(3);
      },
      act: (registry) => registry.adopt("web"),
    },
  ],
  [
    "a wait",
    {
      prepare: async ({ machine, registries }) => {
        await registries[2]!.acquire({ ports: PORTS, count: 5 });
        await registries[2]!.acquire({ ports: PORTS, protocol: "udp" });
        setImmediate(() => setImmediate(() => machine.kill(3)));
      },
      act: (registry) => registry.acquire({ name: "web", ports: PORTS, count: 2, wait: true }),
    },
  ],
];

/** A store whose process dies at the nth commit after it is armed: before that is done, or after. */
class Deadly {
  commits = 0;
  #at = Infinity;
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  arm(nth: number): void {
    this.#at = this.commits + nth;
  }

  wrap(store: Store, after: boolean): Store {
    const read: Store["read"] = (...parameters) => store.read(...parameters);
    const commit: Store["commit"] = async (...parameters) => {
      const dies = ++this.commits === this.#at;
      if (!dies || after) {
        const result = await store.commit(...parameters);
        if (dies) this.#machine.kill(1);
        return result;
      }
      this.#machine.kill(1);
      return await new Promise(() => undefined);
    };
    return {
      epoch: store.epoch,
      limits: store.limits,
      read,
      list: (...parameters) => store.list(...parameters),
      watch: (...parameters) => store.watch(...parameters),
      raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
      close: () => store.close(),
      commit,
      update: updateThrough({ read, commit }),
    };
  }
}

/** Does the story with a death at the nth commit; false when there are not so many. */
async function dieAt({ prepare, act }: Story, nth: number, after: boolean): Promise<boolean> {
  const [machine, state] = [new Machine(), newState()];
  const deadly = new Deadly(machine);
  const registry = await join({ state, machine, wrap: (store) => deadly.wrap(store, after) });
  const others = [await join({ state, machine, pid: 2 }), await join({ state, machine, pid: 3 })];
  const world: Several = {
    machine,
    state,
    registries: [registry, ...others],
    enter: (pid) => join({ state, machine, pid }),
  };
  machine.verdicts.set(51, "stranger");
  await prepare?.(world, registry);
  deadly.arm(nth);
  void Promise.resolve(act(registry, world)).catch(() => undefined);
  await settle();
  await machine.time.advance(3000);
  const died = machine.isDead(processOf(1));
  machine.kill(1);
  machine.verdicts.clear();
  await expectOrder(world);
  return died;
}

/** The records agree with one another, and every port goes to somebody, once. */
async function expectOrder(world: Several): Promise<void> {
  const other = await worldOf({ ...world, pid: 4 });
  const { issues } = await audit(other, await readScope(other));
  expect(issues).toEqual([]);
  await world.machine.time.advance(QUARANTINE_MS);
  const registry = await world.enter(5);
  const living = (await registry.list()).filter(({ state }) => state === "held");
  const held = living.flatMap(({ ports }) => ports);
  expect(new Set(held).size).toBe(held.length);
  for (const { name, ports, protocols } of await registry.reservations()) {
    const isHeld = living.some((lease) => lease.name === name);
    if (!isHeld) await registry.acquire({ name, ports, count: ports.length, protocol: protocols });
    held.push(...ports);
  }
  const rest = PortSet.parse(PORTS).without(held);
  if (rest.size > 0) {
    await registry.acquire({ ports: rest, count: rest.size, protocol: ["tcp", "udp"] });
  }
  expect((await audit(other, await readScope(other))).issues).toEqual([]);
}

describe("a process that dies in", () => {
  describe.each(stories)("%s", (_, story) => {
    it.each([
      ["before", false],
      ["after", true],
    ])("%s any one of its commits leaves everything in order", async (__, after) => {
      let deaths = 0;
      while (await dieAt(story, deaths + 1, after)) deaths++;
      expect(deaths).toBeGreaterThan(0);
    });
  });
});

describe("a process that dies while others want its ports", () => {
  it("is succeeded by one of them at each port", async () => {
    const { machine, registries } = await several(4);
    await registries[0]!.acquire({ ports: PORTS, count: 6 });
    machine.kill(1);
    const calls = registries.slice(1).map((registry) => registry.acquire({ ports: PORTS, count: 2 }));
    const ports = (await Promise.all(calls)).flatMap((lease) => lease.ports);
    expect(sorted(ports)).toEqual([...PortSet.parse(PORTS)]);
  });
});
