// Real processes with a registry on a real engine: killed, stopped for longer than their session lives, in network
// namespaces of their own.

import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, startChildIn } from "../stores/child.ts";
import { hasEtcd, type LoneServer, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { hasPostgres, WITHOUT_POSTGRES, type PostgresServer, startPostgres } from "./postgres-server.ts";
import { freshSchema } from "./postgres-stores.ts";

interface Leased {
  readonly id: string;
  readonly ports: readonly number[];
  readonly token: { readonly epoch: number; readonly revision: number };
}

/** The built registry in a process of its own. */
class Worker {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  static async start(engine: object, options: object, place: readonly string[] = []): Promise<Worker> {
    const worker = new Worker(startChildIn(place, "cluster/worker.mjs"));
    await worker.tell("open", { engine, options });
    return worker;
  }

  /** @throws the error that the action ended with */
  async tell(action: string, parameters: object = {}): Promise<unknown> {
    this.child.send({ action, ...parameters });
    const { result, error } = (await this.child.next()) as { result?: unknown; error?: { message: string } };
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  }

  async acquire(options: object, times = 1): Promise<readonly Leased[]> {
    return (await this.tell("acquire", { options, times })) as Leased[];
  }
}

const NAMESPACE = ["unshare", "-n"] as const;
const canUnshare = spawnSync(NAMESPACE[0], [NAMESPACE[1], "true"], { stdio: "ignore" }).status === 0;
const WITHOUT_NAMESPACES = canUnshare ? "" : " (skipped: needs the right to make network namespaces)";

/** The shortest that etcd has. */
const TTL_MS = 2000;
const POOL = { pool: "vip", ports: "30000-30199" };

let lone: LoneServer | undefined;
let server: PostgresServer | undefined;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  await lone?.server.end();
  await server?.stop();
});

const engines = [
  {
    name: `etcd${WITHOUT_ETCD}`,
    isThere: hasEtcd,
    fresh: () => ({ etcd: { endpoints: [lone!.url], prefix: `processes/${++prefixes}` } }),
  },
  {
    name: `PostgreSQL${WITHOUT_POSTGRES}`,
    isThere: hasPostgres,
    fresh: () => ({ postgres: { connectionString: server!.url, schema: freshSchema() } }),
  },
];

describe.each(engines)("on $name,", ({ isThere, fresh }) => {
  it.skipIf(!isThere)(
    "processes that ask for any port of a pool never get the same one, to the last",
    async () => {
      const engine = fresh();
      const workers = await Promise.all([1, 2, 3, 4].map(() => Worker.start(engine, { scope: POOL })));
      const leases = (await Promise.all(workers.map((worker) => worker.acquire({}, 50)))).flat();
      const ports = leases.flatMap((lease) => lease.ports);
      expect(new Set(ports).size).toBe(200);
      expect(await workers[0]!.tell("attempt", { options: {} })).toBe("NO_PORT_AVAILABLE");
      const revisions = leases.map(({ token }) => token.revision);
      expect(Math.min(...revisions)).toBeGreaterThan(0);
      for (const worker of workers) await worker.tell("close");
    },
  );

  it.skipIf(!isThere)(
    "a process that was stopped for longer than its session lives finds its leases lost, and its successor keeps them",
    async () => {
      const engine = fresh();
      const options = { scope: POOL, sessionTtlMs: TTL_MS };
      const [one, two] = await Promise.all([Worker.start(engine, options), Worker.start(engine, options)]);
      const [old] = await one.acquire({ name: "web" });
      one.child.process.kill("SIGSTOP");
      const waiting = two.acquire({ name: "web", wait: true });
      const [next] = await waiting;
      expect(next!.ports).toEqual(old!.ports);
      expect(next!.token.revision).toBeGreaterThan(old!.token.revision);
      one.child.process.kill("SIGCONT");
      expect(await one.tell("state", { id: old!.id })).toMatchObject({ isValid: false });
      await expect
        .poll(() => one.tell("state", { id: old!.id }))
        .toMatchObject({ lost: [expect.any(String)] });
      await one.tell("release", { id: old!.id });
      // The successor's stays, and who was stopped leases anew, with a new session.
      const [again] = await one.acquire({});
      expect(again!.ports).not.toEqual(old!.ports);
      await pause(TTL_MS);
      expect(await two.tell("state", { id: next!.id })).toEqual({ isValid: true, lost: [] });
      expect(await one.tell("state", { id: again!.id })).toMatchObject({ isValid: true });
      expect(await two.tell("list")).toHaveLength(2);
    },
  );

  it.skipIf(!isThere)("the ports of a process that is killed are free at once on its own host", async () => {
    const engine = fresh();
    const options = { scope: { host: "web-1" }, sessionTtlMs: 60_000 };
    const [one, two] = await Promise.all([Worker.start(engine, options), Worker.start(engine, options)]);
    const request = { ports: "10500-10509" };
    const [lease] = await one.acquire({ ...request, count: 10 });
    expect(await two.tell("attempt", { options: request })).toBe("NO_PORT_AVAILABLE");
    await one.child.end("SIGKILL");
    const [next] = await two.acquire({ ...request, count: 10 });
    expect(next!.token.revision).toBeGreaterThan(lease!.token.revision);
  });
});

describe.skipIf(!hasPostgres || !canUnshare)(
  `two network namespaces on one engine${WITHOUT_POSTGRES}${WITHOUT_NAMESPACES}`,
  () => {
    it("are two hosts: each has its ports, and both are found in what is leased on several", async () => {
      const engine = { postgres: { connectionString: server!.url, schema: freshSchema() } };
      // The socket of the server is in the file system, which they share.
      const start = (options: object): Promise<Worker> => Worker.start(engine, options, NAMESPACE);
      const [one, two] = await Promise.all([start({}), start({})]);
      const request = { ports: 10600 };
      const both = [...(await one.acquire(request)), ...(await two.acquire(request))];
      expect(both.map(({ ports }) => ports)).toEqual([[10600], [10600]]);
      expect(await one.tell("list")).toHaveLength(1);
      const [a, b] = await Promise.all([start({ scope: { host: "a" } }), start({ scope: { host: "b" } })]);
      const [spread] = await a.acquire({ hosts: ["a", "b"], ports: "10600-10601" });
      expect(await b.tell("attempt", { options: { ports: spread!.ports[0] } })).toBe("NO_PORT_AVAILABLE");
      // They are of one boot, so the kernel's word on a process counts in both.
      const [lease] = await b.acquire({ hosts: ["b", "a"], ports: "10600-10601" });
      await b.child.end("SIGKILL");
      const [next] = await a.acquire({ ports: lease!.ports[0] });
      expect(next!.token.revision).toBeGreaterThan(lease!.token.revision);
    });
  },
);
