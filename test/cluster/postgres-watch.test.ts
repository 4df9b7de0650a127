// What a watch tells, whatever transactions, notices and connections do.

import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import type { ChangedSlot, Clock, SlotChanges, Store } from "../../src/contract/index.ts";
import { systemChance, systemClock } from "../../src/node/clock.ts";
import { postgres } from "../../src/stores/postgres/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, making, openPostgres } from "./postgres-stores.ts";
import { Proxy } from "./proxy.ts";

let server: PostgresServer;
let schema: string;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

beforeEach(() => {
  schema = freshSchema();
});

async function open(port: number = server.port): Promise<Store> {
  return await openPostgres({ connectionString: `postgres://moorage@127.0.0.1:${port}/postgres`, schema });
}

/** Waits of a second and more never end: those between looks. */
const unpolled: Clock = {
  ...systemClock,
  sleep: (ms, options) => systemClock.sleep(ms < 1000 ? ms : 1e9, options),
};

/** A store that only looks when it is told to. */
async function openUnpolled(): Promise<Store> {
  const connectionString = `postgres://moorage@127.0.0.1:${server.port}/postgres`;
  const surroundings = { clock: unpolled, chance: systemChance };
  const store = await postgres({ connectionString, schema }).open(surroundings);
  onTestFinished(() => store.close());
  return store;
}

/** A connection of an administrator, ended with the test. */
async function administrator(): Promise<Awaited<ReturnType<PostgresServer["client"]>>> {
  const client = await server.client();
  onTestFinished(() => client.end());
  return client;
}

async function put(store: Store, key: string, value = "v"): Promise<number> {
  const before = (await store.read("s", [key])).get(key);
  const commit = await store.commit("s", [{ key, ifRevision: before?.revision ?? 0, value }]);
  if (!commit.committed) return await put(store, key, value);
  return commit.token.revision;
}

/** As the commits of another program would be: the server does what it is told, and notifies nobody. */
function silently(key: string): string {
  return making(schema, key, key);
}

type Watch = AsyncIterableIterator<SlotChanges>;

async function next(watch: Watch): Promise<SlotChanges> {
  const { done, value } = await watch.next();
  if (done) throw new Error("the watch ended");
  return value;
}

describe.skipIf(!hasPostgres)(`a watch of PostgreSQL${WITHOUT_POSTGRES}`, () => {
  it("goes on when somebody has ended the look that it waits for", async () => {
    const [watcher, other] = [await open(), await open()];
    const watch = watcher.watch("s");
    await next(watch);
    const admin = await administrator();
    await admin.query(`BEGIN; LOCK TABLE "${schema}".change IN ACCESS EXCLUSIVE MODE`);
    const waiting = "wait_event_type = 'Lock' AND query LIKE '%look(%'";
    const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${waiting}`;
    const canceled = async (): Promise<unknown> => (await admin.query(cancel)).rowCount;
    await expect.poll(canceled, { timeout: 10_000, interval: 20 }).toBeGreaterThan(0);
    await admin.query("COMMIT");
    const revision = await put(other, "k");
    expect(await next(watch)).toMatchObject({ slots: [{ key: "k", revision }] });
  });

  it("loses no change and tells none too late, while transactions of all kinds are open", async () => {
    const [watcher, ...stores] = await Promise.all(Array.from({ length: 5 }, () => open()));
    const watch = watcher!.watch("s");
    const copy = new Map<string, ChangedSlot>();
    let told = (await next(watch)).revision;
    const follow = async (revision: number): Promise<void> => {
      while (told < revision) {
        const { slots, revision: upTo } = await next(watch);
        for (const slot of slots) {
          expect(slot.revision, "told after what came later").toBeGreaterThan(told);
          copy.set(slot.key, slot);
        }
        told = upTo;
      }
    };
    // One that is older than all commits, and goes on: of another program.
    const other = await administrator();
    await other.query("CREATE TABLE other (id int)");
    await other.query("BEGIN; INSERT INTO other VALUES (1)");
    // And one that has done its commit, and ends when others have begun theirs.
    const slow = await administrator();
    let last = 0;
    for (let round = 0; round < 6; round++) {
      await slow.query("BEGIN");
      await slow.query(silently(`slow/${round}`));
      const commits = stores.flatMap((store, client) =>
        [0, 1, 2].map((key) => put(store, `k/${(key * 3 + client + round) % 7}`, `${round}`)),
      );
      await slow.query("COMMIT");
      last = Math.max(...(await Promise.all(commits)));
      await follow(round % 2 === 0 ? told + 1 : last);
    }
    await follow(last);
    await other.query("COMMIT");
    const slots = [...copy.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    expect(slots).toEqual([...(await watcher!.list("s", "k/")), ...(await watcher!.list("s", "slow/"))]);
  });

  it("finds what nobody gave notice of", async () => {
    const watch = (await open()).watch("s");
    await next(watch);
    await server.sql(silently("k"));
    expect((await next(watch)).slots).toMatchObject([{ key: "k", value: "v" }]);
  });

  it("goes on where it was when its connection was lost", async () => {
    const proxy = await Proxy.start(server.port);
    onTestFinished(() => proxy.end());
    const [watcher, other] = [await open(proxy.port), await open()];
    const watch = watcher.watch("s");
    await put(other, "k/before");
    await next(watch);
    const { port } = proxy;
    await proxy.end();
    const revision = await put(other, "k/a");
    await proxy.listen(port);
    expect(await next(watch)).toEqual({
      all: false,
      slots: [{ key: "k/a", revision, value: "v" }],
      revision,
    });
    const again = await put(other, "k/b");
    expect((await next(watch)).revision).toBe(again);
  });

  it("begins anew when changes that it has not seen are forgotten", async () => {
    const proxy = await Proxy.start(server.port);
    onTestFinished(() => proxy.end());
    const [watcher, other] = [await open(proxy.port), await open()];
    const gone = await put(other, "k/gone");
    const watch = watcher.watch("s");
    await next(watch);
    const { port } = proxy;
    await proxy.end();
    await other.commit("s", [{ key: "k/gone", ifRevision: gone, value: null }]);
    const revision = await put(other, "k/a");
    await server.sql(
      `UPDATE "${schema}".change SET at = at - interval '1 hour'`,
      `UPDATE "${schema}".meta SET trimmed_at = trimmed_at - interval '1 hour'`,
      `SELECT "${schema}".trim()`,
    );
    expect(await server.sql(`SELECT * FROM "${schema}".change`)).toEqual([]);
    await proxy.listen(port);
    expect(await next(watch)).toEqual({
      all: true,
      slots: [{ key: "k/a", revision, value: "v" }],
      revision,
    });
    const again = await put(other, "k/a");
    expect(await next(watch)).toMatchObject({ all: false, revision: again });
  });

  it("has old changes forgotten by looking", async () => {
    const store = await open();
    await put(store, "k");
    await server.sql(
      `UPDATE "${schema}".change SET at = at - interval '1 hour'`,
      `UPDATE "${schema}".meta SET trimmed_at = trimmed_at - interval '1 hour'`,
    );
    const watch = store.watch("s");
    await next(watch);
    await expect.poll(async () => await server.sql(`SELECT * FROM "${schema}".change`)).toEqual([]);
  });
});

/** The scopes that a connection of an administrator has got notices of so far. */
async function heard(...scopes: readonly string[]): Promise<string[]> {
  const listener = await administrator();
  const told: string[] = [];
  const channels = new Map<string, string>();
  for (const scope of scopes) {
    const [channel] = await server.sql(`SELECT 'moorage_' || md5('${schema}/${scope}') AS name`);
    const name = String(channel?.["name"]);
    channels.set(name, scope);
    await listener.query(`LISTEN ${name}`);
  }
  listener.on("notification", ({ channel }) => told.push(channels.get(channel)!));
  return told;
}

describe.skipIf(!hasPostgres)(`notices${WITHOUT_POSTGRES}`, () => {
  const first = { key: "first", ifRevision: 0, value: "v" };

  it("are given of every commit, for many of them together", async () => {
    const store = await open();
    const told = await heard("s");
    await store.commit("s", [first]);
    await expect.poll(() => told).toEqual(["s"]);
    const began = performance.now();
    for (let commit = 0; commit < 200; commit++) await put(store, `k/${commit}`);
    const tookMs = performance.now() - began;
    await expect.poll(() => told.length).toBeGreaterThan(1);
    // One in ten milliseconds, and the one before and after.
    expect(told.length).toBeLessThan(tookMs / 10 + 3);
  });

  it("are given once, by who watches or else by itself, of all scopes in which it commits", async () => {
    const store = await open();
    const told = await heard("s", "another", "a third");
    const watch = store.watch("s");
    await next(watch);
    await store.commit("s", [first, { ...first, scope: "another" }]);
    expect(await next(watch)).toMatchObject({ slots: [{ key: "first" }] });
    await expect.poll(() => told.toSorted()).toEqual(["another", "s"]);
    await store.commit("a third", [first]);
    await expect.poll(() => told.toSorted()).toEqual(["a third", "another", "s"]);
  });

  it("are given before a store is closed", async () => {
    const [store, watching] = [await open(), await open()];
    const told = await heard("s", "another");
    await next(watching.watch("another"));
    await store.commit("s", [first]);
    await watching.commit("another", [first]);
    await Promise.all([store.close(), watching.close()]);
    await expect.poll(() => told.toSorted()).toEqual(["another", "s"]);
  });

  describe("without looking from time to time", () => {
    it("hears of others though its scope fell out of use, and came into use again, at the same time", async () => {
      const store = await openUnpolled();
      for (const key of ["k", "l"])
        await store.update("s", [key], () => [{ key, ifRevision: 0, value: "v" }]);
      for (let scope = 0; scope < 63; scope++) {
        await store.update(`s${scope}`, ["k"], () => [{ key: "k", ifRevision: 0, value: "v" }]);
      }
      const twice = [1, 2].map(() => store.update("s", ["none"], () => []));
      await Promise.all([store.update("s63", ["k"], () => []), ...twice]);
      const watch = store.watch("s");
      await next(watch);
      const other = await open();
      for (const key of ["a", "b", "c"]) {
        const told = next(watch);
        await put(other, key);
        expect((await told).slots.map((slot) => slot.key)).toEqual([key]);
      }
    });

    it("hears of what was committed before a close, whatever was to tell it", async () => {
      const watch = (await openUnpolled()).watch("s");
      await next(watch);
      for (const key of ["a", "b", "c"]) {
        const other = await open();
        await other.commit("elsewhere", [{ key, ifRevision: 0, value: "v" }]);
        const told = next(watch);
        await put(other, key);
        const begun = other.watch("another");
        const ended = begun.next();
        await other.close();
        await ended.catch(() => {});
        expect((await told).slots.map((slot) => slot.key)).toEqual([key]);
      }
    });

    it("hears of commits of a process whose watch stands still", async () => {
      const watch = (await openUnpolled()).watch("s");
      await next(watch);
      const other = await open();
      const still = other.watch("s");
      await next(still);
      const client = await administrator();
      const { rows } = await client.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE '%look(%' AND pid <> pg_backend_pid() ORDER BY backend_start DESC LIMIT 1",
      );
      process.kill(rows[0]!.pid, "SIGSTOP");
      onTestFinished(() => void process.kill(rows[0]!.pid, "SIGCONT"));
      const told = next(watch);
      await other.commit("s", [{ key: "a", ifRevision: 0, value: "v" }]);
      expect((await told).slots.map((slot) => slot.key)).toEqual(["a"]);
      process.kill(rows[0]!.pid, "SIGCONT");
    });
  });
});
