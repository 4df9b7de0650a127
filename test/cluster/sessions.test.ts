// Leases of several machines on one engine: they live with the sessions of their processes, and nobody is judged by a
// pid of another machine.

import { describe, expect, it } from "vitest";
import type { Lease, Registry } from "../../src/registry/index.ts";
import { SESSIONS } from "../../src/registry/holders-by-session.ts";
import { memory, type SharedMemory } from "../../src/stores/memory/index.ts";
import { faulty } from "../registry/faulty-store.ts";
import {
  join,
  Machine,
  type Member,
  outcome,
  QUARANTINE_MS,
  SESSION_TTL_MS,
  sorted,
  summary,
} from "../registry/world.ts";

/** Machines that share an engine and their time; each has the boot "boot-" and its number, and processes of the same pids. */
interface Fleet {
  readonly machines: readonly Machine[];
  readonly state: SharedMemory;
  readonly advance: (ms: number) => Promise<void>;
  readonly enter: (machine: number, options?: Partial<Member>) => Promise<Registry>;
  /** The keys of the sessions that live. */
  readonly sessions: () => Promise<string[]>;
}

function fleet(count: number): Fleet {
  const [first = new Machine(), ...others] = Array.from({ length: count }, () => new Machine());
  const machines = [first, ...others.map((machine) => Object.assign(machine, { time: first.time }))];
  for (const [at, machine] of machines.entries()) {
    machine.boot = `boot-${at + 1}`;
    // A pool has no kernel.
    machine.hasGuards = false;
  }
  const state = memory({ expiring: { clock: first.time.clockOf(0), ttl: { least: 2000, step: 1000 } } });
  return {
    machines,
    state,
    advance: (ms) => first.time.advance(ms),
    // Pids are told apart by time, which the machines share.
    enter: (machine, options = {}) =>
      join({ state, machine: machines[machine - 1]!, pid: machine, ...options }),
    sessions: async () => (await (await state.open()).list(SESSIONS, "session/")).map(({ key }) => key),
  };
}

async function cutOff(): Promise<boolean> {
  return await Promise.reject(new Error("the line is cut"));
}

function lossOf(lease: Lease): unknown {
  return lease.lost.aborted ? (lease.lost.reason as { reason: string }).reason : undefined;
}

describe("the session of a process", () => {
  it("is made with its first grant, carries all its leases, and goes when the registry is closed", async () => {
    const { enter, sessions, advance } = fleet(1);
    const registry = await enter(1);
    await registry.list();
    expect(await sessions()).toEqual([]);
    await Promise.all([registry.acquire({ ports: 50 }), registry.acquire({ ports: 51 })]);
    expect(await sessions()).toHaveLength(1);
    await registry.acquire({ ports: 52 });
    await advance(10 * SESSION_TTL_MS);
    expect(await sessions()).toHaveLength(1);
    expect(await summary(registry)).toEqual(["- 50", "- 51", "- 52"]);
    await registry.close();
    expect(await sessions()).toEqual([]);
  });

  it("keeps a lease from another machine, whose process of the same pid is dead, until it is not heard of", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    await one.acquire({ name: "web", ports: 50 });
    // Pid 1 of the second machine is another process.
    machines[1]!.kill(1);
    expect(await summary(two)).toEqual(["web 50"]);
    machines[0]!.kill(1);
    await advance(SESSION_TTL_MS - 1);
    expect(await summary(two)).toEqual(["web 50"]);
    expect(await outcome(two.acquire({ ports: 50 }))).toBe("NO_PORT_AVAILABLE");
    await advance(1);
    expect(await summary(two)).toEqual(["web 50 abandoned"]);
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
  });

  it("is not waited for on the holder's own machine: kill -9 frees the port at once", async () => {
    const { machines, enter } = fleet(1);
    const [one, two] = [await enter(1), await enter(1, { pid: 2 })];
    await one.acquire({ ports: 50 });
    machines[0]!.kill(1);
    expect(await summary(two)).toEqual(["- 50 abandoned"]);
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
  });

  it("of a process carries what it leased for another one, and ends with either", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    await one.acquire({ ports: 50, for: 7 });
    await one.acquire({ ports: 51, for: 8 });
    machines[0]!.kill(7);
    machines[0]!.kill(1);
    // The other machine cannot know that the first one is dead.
    expect(await summary(two)).toEqual(["- 50", "- 51"]);
    const neighbour = await enter(1, { pid: 3 });
    expect(await summary(neighbour)).toEqual(["- 50 abandoned", "- 51"]);
    await advance(SESSION_TTL_MS);
    expect(await summary(two)).toEqual(["- 50 abandoned", "- 51 abandoned"]);
  });

  it("stays for its time when the registry is closed that leased for others", async () => {
    const { enter, advance } = fleet(1);
    const [one, two] = [await enter(1), await enter(1, { pid: 2 })];
    await one.acquire({ ports: 50, for: 7 });
    await one.close();
    expect(await summary(two)).toEqual(["- 50"]);
    await advance(SESSION_TTL_MS);
    expect(await summary(two)).toEqual(["- 50 abandoned"]);
  });
});

describe("a process that is stopped for longer than its session lives", () => {
  it("knows at once when it looks, loses its leases in its first turn, and begins a new session", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const leases = [await one.acquire({ ports: 50 }), await one.acquire({ ports: 51 })];
    machines[0]!.stop(1);
    await advance(SESSION_TTL_MS);
    expect(leases.map((lease) => lease.isValid())).toEqual([false, false]);
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
    await machines[0]!.goOn(1);
    expect(leases.map(({ lost }) => lost.aborted)).toEqual([true, true]);
    const again = await one.acquire({ ports: 52 });
    expect([again.isValid(), again.token.revision > leases[1]!.token.revision]).toEqual([true, true]);
    await advance(2 * SESSION_TTL_MS);
    expect([again.isValid(), lossOf(again)]).toEqual([true, undefined]);
  });

  it("neither releases nor renews what its successor has", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const old = await one.acquire({ name: "web", ports: 50 });
    machines[0]!.stop(1);
    await advance(SESSION_TTL_MS);
    const next = await two.acquire({ name: "web", ports: 50 });
    expect(next.token.revision).toBeGreaterThan(old.token.revision);
    await machines[0]!.goOn(1);
    await old.release();
    await one.acquire({ ports: 51 });
    await advance(3 * SESSION_TTL_MS);
    expect(await summary(two)).toEqual(["web 50", "- 51"]);
    expect([next.isValid(), lossOf(next)]).toEqual([true, undefined]);
    await expect(old.transfer(1)).rejects.toMatchObject({ code: "LEASE_LOST" });
  });

  it("releases what it lost without an error, and is not told of the loss after that", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const lease = await one.acquire({ ports: 50 });
    machines[0]!.stop(1);
    await advance(SESSION_TTL_MS);
    const next = await two.acquire({ ports: 50 });
    const released = lease.release();
    await machines[0]!.goOn(1);
    await released;
    await advance(SESSION_TTL_MS);
    expect([lease.isValid(), lossOf(lease), next.isValid()]).toEqual([false, undefined, true]);
  });

  it("has its port on its own host until it goes on, as who would release that is told", async () => {
    const { machines, enter, advance } = fleet(1);
    machines[0]!.hasGuards = true;
    const [one, two] = [await enter(1), await enter(1, { pid: 2 })];
    await one.acquire({ ports: 50 });
    machines[0]!.stop(1);
    await advance(SESSION_TTL_MS);
    await expect(two.acquire({ ports: 50 })).rejects.toMatchObject({ refused: { leased: 0, guarded: 1 } });
    await expect(two.release(50)).rejects.toThrow(
      "no lease has port 50 here: it is leased in another state folder or by another user, or had by a process whose lease is over; see `moorage who 50`",
    );
    await machines[0]!.goOn(1);
    expect(await outcome(two.acquire({ ports: 50 }))).toEqual([50]);
    await expect(one.release(51)).rejects.toThrow(/^no lease has port 51$/u);
  });

  it("stops using its ports before the engine can give them to others", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const lease = await one.acquire({ ports: 50 });
    machines[0]!.stop(1);
    let overlaps = 0;
    for (let ms = 0; ms < SESSION_TTL_MS; ms += 5) {
      await advance(5);
      const [info] = await two.list();
      if (lease.isValid() && info?.state === "abandoned") overlaps++;
    }
    expect([overlaps, lease.isValid(), (await two.list())[0]?.state]).toEqual([0, false, "abandoned"]);
  });
});

describe("an engine that does not answer", () => {
  it("ends the leases when their time is over, and no earlier", async () => {
    const faults = faulty();
    const { enter, advance } = fleet(1);
    const registry = await enter(1, {
      wrap: (store) => {
        const { expiring } = store;
        if (!expiring) throw new Error("expected an engine");
        return { ...faults.wrap(store), expiring: { ...expiring, keepAlive: cutOff } };
      },
    });
    const lease = await registry.acquire({ ports: 50 });
    await advance(SESSION_TTL_MS * 0.98);
    expect([lease.isValid(), lossOf(lease)]).toEqual([true, undefined]);
    await advance(SESSION_TTL_MS * 0.02);
    expect([lease.isValid(), lossOf(lease)]).toEqual([false, "expired"]);
  });
});

describe("a lease with a time limit of its own", () => {
  it("has the time that the engine gave, and outlives neither that nor its registry", async () => {
    const { machines, enter, advance, sessions } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const lease = await one.acquire({ ports: 50, ttlMs: 2500 });
    expect(lease.ttlMs).toBe(3000);
    expect(await two.list()).toMatchObject([{ hasTimeLimit: true, state: "held" }]);
    await advance(20_000);
    expect([lease.isValid(), await summary(two)]).toEqual([true, ["- 50"]]);
    machines[0]!.kill(1);
    await advance(3000);
    expect(await summary(two)).toEqual(["- 50 abandoned"]);
    expect(await sessions()).toEqual([]);
  });

  it("leaves no session behind when it is released, and when it was refused", async () => {
    const { enter, sessions } = fleet(1);
    const one = await enter(1);
    const lease = await one.acquire({ ports: 50, ttlMs: 60_000 });
    const own = await sessions();
    expect(await outcome(one.acquire({ ports: 50, ttlMs: 60_000 }))).toBe("NO_PORT_AVAILABLE");
    expect(await sessions()).toEqual(own);
    await lease.release();
    await expect.poll(sessions).toEqual([]);
  });
});

describe("a quarantine that another machine began", () => {
  it("counts from when this one first saw it, and is not shorter than asked", async () => {
    const { enter, advance } = fleet(2);
    const one = await enter(1);
    await (await one.acquire({ ports: 50 })).release();
    await advance(QUARANTINE_MS / 2);
    const two = await enter(2);
    const refused = (): Promise<unknown> => outcome(two.acquire({ ports: 50, quarantine: "refuse" }));
    expect(await refused()).toBe("NO_PORT_AVAILABLE");
    await advance(QUARANTINE_MS - 1);
    expect(await refused()).toBe("NO_PORT_AVAILABLE");
    await advance(1);
    expect(await refused()).toEqual([50]);
  });

  it("counts from its end where the watch has told of it, though nobody asked for the port", async () => {
    const { enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    for (const port of [60, 61]) await two.acquire({ ports: port });
    await (await one.acquire({ ports: 50 })).release();
    await advance(QUARANTINE_MS);
    expect(await outcome(two.acquire({ ports: 50, quarantine: "refuse" }))).toEqual([50]);
  });
});

describe("who waits for a port", () => {
  it("of another machine is woken by its release", async () => {
    const { enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const lease = await one.acquire({ ports: 50 });
    const waiting = outcome(two.acquire({ ports: 50, wait: true }));
    await advance(100);
    await lease.release();
    await advance(0);
    expect(await Promise.race([waiting, Promise.resolve("still waiting")])).toEqual([50]);
  });

  it("gets another one as soon as those before have theirs", async () => {
    const { machines, enter, advance } = fleet(4);
    const [one, ...others] = [await enter(1), await enter(2), await enter(3), await enter(4)];
    const lease = await one.acquire({ ports: "50-52", count: 3 });
    const waiting: Promise<string | readonly number[]>[] = [];
    for (const other of others) {
      waiting.push(outcome(other.acquire({ ports: "50-52", wait: true })));
      await advance(100);
    }
    await lease.release();
    const { time } = machines[0]!;
    const began = time.clockOf(1).elapsed();
    const granted = await time.until(Promise.all(waiting));
    expect(sorted(granted.flat())).toEqual([50, 51, 52]);
    // A poll would take longer.
    expect(time.clockOf(1).elapsed() - began).toBeLessThan(100);
  });

  it("of a dead machine gets it a second after its session ended at the latest", async () => {
    const { machines, enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    await one.acquire({ ports: 50 });
    const waiting = outcome(two.acquire({ ports: 50, wait: true }));
    await advance(100);
    machines[0]!.kill(1);
    await advance(SESSION_TTL_MS + 1000);
    expect(await Promise.race([waiting, Promise.resolve("still waiting")])).toEqual([50]);
  });

  it("stands in the queue as long as its own session lives, whatever its pid is elsewhere", async () => {
    const { machines, enter, advance } = fleet(3);
    const [one, two, three] = [await enter(1), await enter(2), await enter(3)];
    const lease = await one.acquire({ ports: 50 });
    const told: string[] = [];
    const wait = (registry: Registry, name: string): void =>
      void registry.acquire({ ports: 50, wait: true }).then(
        () => told.push(name),
        () => undefined,
      );
    wait(two, "two");
    await advance(100);
    wait(three, "three");
    await advance(100);
    machines[2]!.kill(2);
    await lease.release();
    await advance(1000);
    expect(told).toEqual(["two"]);
  });

  it("that died on another machine keeps nobody waiting for longer than its session", async () => {
    const { machines, enter, advance } = fleet(3);
    const [one, two, three] = [await enter(1), await enter(2), await enter(3)];
    const lease = await one.acquire({ ports: 50 });
    void two.acquire({ ports: 50, wait: true }).catch(() => undefined);
    await advance(100);
    const waiting = outcome(three.acquire({ ports: 50, wait: true }));
    await advance(100);
    machines[1]!.kill(2);
    await advance(SESSION_TTL_MS);
    await lease.release();
    await advance(0);
    expect(await Promise.race([waiting, Promise.resolve("still waiting")])).toEqual([50]);
  });
});

describe("a lease that another machine takes away", () => {
  it("is lost to its holder as soon as the watch tells it", async () => {
    const { enter, advance } = fleet(2);
    const [one, two] = [await enter(1), await enter(2)];
    const lease = await one.acquire({ name: "web", ports: 50 });
    await one.acquire({ ports: 60 });
    await two.release("web", { force: true });
    await advance(0);
    expect([lease.isValid(), lossOf(lease)]).toEqual([false, "released"]);
  });
});
