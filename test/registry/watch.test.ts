// watch(): what happens to leases, told as it happens.

import { describe, expect, it } from "vitest";

import type { Registry } from "../../src/registry/index.ts";
import { settle } from "./time.ts";
import { isOverEngine, type Several, several, sorted } from "./world.ts";

/** What a watcher is told from now on, as "granted web 50". */
async function watched(
  registry: Registry,
  signal?: AbortSignal,
): Promise<{ told: () => string[]; over: Promise<unknown> }> {
  const events: string[] = [];
  const follow = async (): Promise<void> => {
    for await (const { type, lease } of registry.watch({ signal })) {
      events.push(`${type} ${lease.name ?? "-"} ${lease.ports.join(",")} of ${lease.holder.pid}`);
    }
  };
  const over = follow().then(
    () => "ended",
    (reason: unknown) => reason,
  );
  await settle();
  return { told: () => events.splice(0), over };
}

type Step = (world: Several) => unknown;

/** Things that happen one after the other, and what is told of each. */
const stories: readonly (readonly [string, readonly (readonly [Step, readonly string[]])[]])[] = [
  [
    "a grant and a release",
    [
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), ["granted web 50 of 1"]],
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), []],
      [({ registries }) => registries[0]!.release("web"), ["released web 50 of 1"]],
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), ["granted web 50 of 1"]],
    ],
  ],
  [
    "a lease of several ports and protocols, once",
    [
      [
        ({ registries }) => registries[0]!.acquire({ ports: "50-52", count: 3, protocol: ["tcp", "udp"] }),
        ["granted - 50,51,52 of 1"],
      ],
      [({ registries }) => registries[0]!.close(), ["released - 50,51,52 of 1"]],
    ],
  ],
  [
    "a port of several that is given back by its number, with the last one",
    [
      [({ registries }) => registries[0]!.acquire({ ports: "50-51", count: 2 }), ["granted - 50,51 of 1"]],
      [({ registries }) => registries[0]!.release(50), []],
      [({ registries }) => registries[0]!.release(51), ["released - 51 of 1"]],
    ],
  ],
  [
    "the death of a holder, when somebody takes its port",
    [
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), ["granted web 50 of 1"]],
      [({ machine }) => machine.kill(1), []],
      [
        ({ registries }) => registries[1]!.acquire({ ports: 50 }),
        ["reclaimed web 50 of 1", "granted - 50 of 2"],
      ],
    ],
  ],
  [
    "the death of a holder, when somebody cleans up after it",
    [
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), ["granted web 50 of 1"]],
      [({ machine }) => machine.kill(1), []],
      [({ registries }) => registries[1]!.release("web"), ["reclaimed web 50 of 1"]],
    ],
  ],
  [
    "renewals, and the end of a time limit when somebody takes the port",
    [
      [({ registries }) => registries[0]!.acquire({ ports: 50, ttlMs: 3000 }), ["granted - 50 of 1"]],
      // An engine renews without a change of the slot.
      [({ machine }) => machine.time.advance(1000), isOverEngine() ? [] : ["renewed - 50 of 1"]],
      [
        ({ machine }) => {
          machine.kill(1);
          return machine.time.advance(3000);
        },
        [],
      ],
      [({ registries }) => registries[1]!.acquire({ ports: 50 }), ["expired - 50 of 1", "granted - 50 of 2"]],
    ],
  ],
  [
    "a transfer as a release and a grant",
    [
      [({ registries }) => registries[0]!.acquire({ name: "web", ports: 50 }), ["granted web 50 of 1"]],
      [
        async ({ registries }) =>
          await (await registries[0]!.acquire({ name: "web", ports: 50 })).transfer(2),
        ["released web 50 of 1", "granted web 50 of 2"],
      ],
      [({ registries }) => registries[1]!.adopt("web"), ["released web 50 of 2", "granted web 50 of 2"]],
    ],
  ],
  [
    "two leases of one port on two addresses apart",
    [
      [
        ({ registries }) => registries[0]!.acquire({ ports: 50, address: "127.0.0.1" }),
        ["granted - 50 of 1"],
      ],
      [
        ({ registries }) => registries[1]!.acquire({ ports: 50, address: "127.0.0.2" }),
        ["granted - 50 of 2"],
      ],
      [({ registries }) => registries[0]!.close(), ["released - 50 of 1"]],
    ],
  ],
  [
    "names that keep ports and give them up, not at all",
    [
      [
        ({ registries }) => registries[0]!.acquire({ name: "db", ports: 50, kept: true }),
        ["granted db 50 of 1"],
      ],
      [({ registries }) => registries[1]!.giveUp("db"), []],
    ],
  ],
];

describe("a watcher is told of", () => {
  it.each(stories)("%s", async (_, story) => {
    const world = await several(2);
    const { told } = await watched(await world.enter(9));
    for (const [step, events] of story) {
      await step(world);
      await settle();
      expect(told()).toEqual(events);
    }
  });
});

describe("a watcher", () => {
  it("is not told what was before, but of its end", async () => {
    const { registries } = await several(2);
    await registries[0]!.acquire({ name: "web", ports: 50 });
    const { told } = await watched(registries[1]!);
    expect(told()).toEqual([]);
    await registries[0]!.release("web");
    await settle();
    expect(told()).toEqual(["released web 50 of 1"]);
  });

  it("is told what follows the call, however late its loop begins", async () => {
    const { registries } = await several(2);
    const events = registries[1]!.watch();
    await registries[0]!.acquire({ ports: 50 });
    expect(await events.next()).toMatchObject({ value: { type: "granted", lease: { ports: [50] } } });
    await events.return?.();
  });

  it("that looks late is told by what it missed how leases ended, not that they came", async () => {
    const { machine, registries } = await several(3);
    const leases = [];
    for (const ports of [50, 51]) leases.push(await registries[0]!.acquire({ ports }));
    await registries[2]!.acquire({ ports: 52 });
    const events = registries[1]!.watch();
    await settle();
    await leases[0]!.release();
    await registries[1]!.acquire({ ports: 50 });
    await (await registries[0]!.acquire({ ports: 53 })).release();
    machine.kill(3);
    await registries[1]!.acquire({ ports: 52 });
    const told: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const { type, lease } = (await events.next()).value as { type: string; lease: { ports: number[] } };
      told.push(`${type} ${lease.ports.join()}`);
    }
    expect(sorted(told)).toEqual(["granted 50", "granted 52", "reclaimed 52", "released 50"]);
    await events.return?.();
  });

  it("ends when its loop is left, its signal aborts or the registry is closed", async () => {
    const { registries } = await several(2);
    const abort = new AbortController();
    const [aborted, closed] = [await watched(registries[0]!, abort.signal), await watched(registries[0]!)];
    const left = registries[0]!.watch();
    await left.return?.();
    expect((await left.next()).done).toBe(true);
    abort.abort("enough");
    expect(await aborted.over).toBe("enough");
    await registries[0]!.close();
    expect(await closed.over).toBe("ended");
    expect(() => registries[0]!.watch()).toThrow("the registry is closed");
    expect(() => registries[1]!.watch({ since: 1 } as object)).toThrow("watch: unknown option `since`");
  });
});
