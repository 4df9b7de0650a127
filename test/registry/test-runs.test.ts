// `per`: names of test runs and their workers do not meet those of others.

import { describe, expect, it } from "vitest";

import type { Registry } from "../../src/registry/index.ts";
import { processOf, several, type Several, summary } from "./world.ts";

/** Workers of two runs: process 10 runs 11 and 12, process 20 runs 21. */
async function runs(): Promise<Several & { workers: readonly [Registry, Registry, Registry] }> {
  const world = await several(0);
  const enter = (pid: number, run: number, worker: string): Promise<Registry> =>
    world.enter(pid, { parents: [run], testRun: { process: processOf(run), worker } });
  return {
    ...world,
    workers: [await enter(11, 10, "1"), await enter(12, 10, "2"), await enter(21, 20, "1")],
  };
}

describe("per worker", () => {
  it("gives each worker of each run a port of its own for one name, and the same one again", async () => {
    const { workers } = await runs();
    const leases = await Promise.all(workers.map((worker) => worker.acquire({ name: "web", per: "worker" })));
    expect(new Set(leases.map(({ port }) => port)).size).toBe(3);
    expect(leases.map(({ holder }) => holder.pid)).toEqual([11, 12, 21]);
    for (const [at, worker] of workers.entries()) {
      expect(await worker.acquire({ name: "web", per: "worker" })).toBe(leases[at]);
    }
    expect(leases[0]!.name).toBe("web (worker 1 of run 10.100)");
  });

  it("finds the ports of a worker again that was replaced by another process", async () => {
    const { machine, workers, enter } = await runs();
    const { ports } = await workers[0].acquire({ name: "web", per: "worker", count: 2 });
    machine.kill(11);
    const next = await enter(13, { testRun: { process: processOf(10), worker: "1" } });
    expect((await next.acquire({ name: "web", per: "worker", count: 2 })).ports).toEqual(ports);
  });
});

describe("per run", () => {
  it("gives all workers of one run the same port, and those of another one another", async () => {
    const { workers } = await runs();
    const request = { name: "db", per: "run" } as const;
    const [one, two, other] = [
      await workers[0].acquire(request),
      await workers[1].acquire(request),
      await workers[2].acquire(request),
    ];
    expect([two.id, two.port]).toEqual([one.id, one.port]);
    expect(other.port).not.toBe(one.port);
    expect([one.holder.pid, other.holder.pid]).toEqual([10, 20]);
  });

  it("lives with the run, and not with the worker that asked first", async () => {
    const { machine, workers } = await runs();
    const lease = await workers[0].acquire({ name: "db", per: "run" });
    await workers[0].close();
    machine.kill(11);
    expect(await summary(workers[1])).toEqual([`db (run 10.100) ${lease.port}`]);
    machine.kill(10);
    expect(await summary(workers[1])).toEqual([`db (run 10.100) ${lease.port} abandoned`]);
  });
});

describe("per", () => {
  it.each<[object, string]>([
    [{ per: "worker" }, "`per`: expected together with `name`, received no name"],
    [{ name: "web", per: "run", for: 5 }, "`per`: says who holds the lease; leave `for` out"],
    [{ name: "web", per: "process" }, '`per`: expected "worker" or "run", received the string "process"'],
  ])("is refused in %j", async (options, message) => {
    const { workers } = await runs();
    await expect(workers[0].acquire(options)).rejects.toThrow(message);
  });

  it("is refused where there is no run", async () => {
    const { registries } = await several(1);
    await expect(registries[0]!.acquire({ name: "web", per: "run" })).rejects.toThrow(
      '`per`: no run of a test runner is known here, by VITEST_POOL_ID, TEST_PARALLEL_INDEX or JEST_WORKER_ID in the environment; received the string "run"',
    );
  });
});
