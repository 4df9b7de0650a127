// What becomes of a call when its connection is lost, its server stands still, or others are in the way.

import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import type { SlotChange, Store } from "../../src/contract/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, making, openPostgres } from "./postgres-stores.ts";
import { Proxy } from "./proxy.ts";

const TIMEOUT_MS = 1500;

let server: PostgresServer;
let proxy: Proxy;
let schema: string;
/** Through the proxy, and past it. */
let [cut, whole]: Store[] = [];

beforeAll(async () => {
  if (!hasPostgres) return;
  server = await startPostgres();
  proxy = await Proxy.start(server.port);
});

afterAll(async () => {
  if (!hasPostgres) return;
  await proxy.end();
  await server.stop();
});

beforeEach(async () => {
  if (!hasPostgres) return;
  schema = freshSchema();
  const open = async (port: number): Promise<Store> =>
    await openPostgres({
      connectionString: `postgres://moorage@127.0.0.1:${port}/postgres`,
      schema,
      timeoutMs: TIMEOUT_MS,
    });
  cut = await open(proxy.port);
  whole = await open(server.port);
});

const put = (key: string, ifRevision: number, value: string): SlotChange => ({ key, ifRevision, value });
const remove = (key: string, ifRevision: number): SlotChange => ({ key, ifRevision, value: null });

async function made(...keys: readonly string[]): Promise<number> {
  const commit = await whole!.commit(
    "s",
    keys.map((key) => put(key, 0, "first")),
  );
  if (!commit.committed) throw new Error("refused");
  return commit.token.revision;
}

/** A connection of an administrator, ended with the test. */
async function administrator(): Promise<Awaited<ReturnType<PostgresServer["client"]>>> {
  const client = await server.client();
  onTestFinished(() => client.end());
  return client;
}

describe.skipIf(!hasPostgres)(`when the answer to it is lost${WITHOUT_POSTGRES},`, () => {
  it.each([
    ["a commit that makes a slot", (): SlotChange[] => [put("new", 0, "mine")]],
    [
      "one that changes several",
      (at: number): SlotChange[] => [put("a", at, "mine"), put("b", at, "mine too")],
    ],
    ["one that writes and removes", (at: number): SlotChange[] => [put("a", at, "mine"), remove("b", at)]],
    ["one that only removes", (at: number): SlotChange[] => [remove("a", at)]],
  ])("%s is told done, once, with its revision", async (_, changesFor) => {
    const changes = changesFor(await made("a", "b"));
    proxy.loseAnswers(1);
    const commit = await cut!.commit("s", changes);
    const watch = whole!.watch("s");
    const { value: look } = await watch.next();
    expect(commit).toEqual({ committed: true, token: { epoch: cut!.epoch, revision: look.revision } });
    const slots = await whole!.read(
      "s",
      changes.map(({ key }) => key),
    );
    for (const { key, value } of changes) {
      expect(slots.get(key)).toEqual(value === null ? undefined : { key, revision: look.revision, value });
    }
  });

  it("a commit that was refused is told refused", async () => {
    await made("a", "b");
    proxy.loseAnswers(1);
    const refused = await cut!.commit("s", [put("a", 0, "mine"), put("c", 0, "mine")]);
    expect(refused).toEqual({ committed: false, changed: ["a"] });
  });

  it("commits that were outstanding together are each told as they went", async () => {
    await made("taken");
    proxy.loseAnswers(1);
    const keys = ["1", "taken", "2"];
    const commits = await Promise.all(keys.map((key) => cut!.commit("s", [put(key, 0, "mine")])));
    expect(commits.map(({ committed }) => committed)).toEqual([true, false, true]);
    const slots = await whole!.read("s", keys);
    expect(keys.map((key) => slots.get(key)?.value)).toEqual(["mine", "first", "mine"]);
  });

  it("and the server stays away, it is an error that says that nobody knows", async () => {
    proxy.loseAnswers(1);
    proxy.onLost = async () => void proxy.end();
    const { port } = proxy;
    onTestFinished(async () => {
      proxy.onLost = undefined;
      await proxy.end();
      await proxy.listen(port);
    });
    await expect(cut!.commit("s", [put("a", 0, "mine")])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("nobody knows whether it was done"),
    });
    expect((await whole!.read("s", ["a"])).get("a")?.value).toBe("mine");
  });
});

describe.skipIf(!hasPostgres)(`a batch that was given up${WITHOUT_POSTGRES}`, () => {
  it("is refused by the server when it arrives after that", async () => {
    const client = await administrator();
    await client.query(`SELECT * FROM "${schema}".settle_batch('late', 1000, '{s}')`);
    const late = client.query(making(schema, "k", "late"));
    await expect(late).rejects.toThrow("this batch was given up");
    expect(await whole!.read("s", ["k"])).toEqual(new Map());
  });
});

describe.skipIf(!hasPostgres)(`a server that does not answer${WITHOUT_POSTGRES}`, () => {
  it("is an error in the time that calls have, and serves again when it goes on", async () => {
    const revision = await made("a");
    server.pause();
    onTestFinished(() => server.goOn());
    const calls = [
      cut!.commit("s", [put("b", 0, "mine")]),
      cut!.read("s", ["a"]),
      cut!.list("s", "a"),
      cut!.update("s", ["c"], () => [put("c", 0, "mine")]),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
    }
    server.goOn();
    expect((await cut!.read("s", ["a"])).get("a")?.revision).toBe(revision);
    expect(await cut!.commit("s", [put("d", 0, "mine")])).toMatchObject({ committed: true });
  });

  it("can be left by a signal", async () => {
    server.pause();
    onTestFinished(() => server.goOn());
    const abort = new AbortController();
    const calls = [
      cut!.commit("s", [put("b", 0, "mine")], { signal: abort.signal }),
      cut!.read("s", ["a"], { signal: abort.signal }),
    ];
    abort.abort(new Error("enough"));
    for (const call of calls) await expect(call).rejects.toThrow("enough");
  });
});

describe.skipIf(!hasPostgres)(`who keeps the turn for too long${WITHOUT_POSTGRES}`, () => {
  it("makes others fail as busy, and loses nothing for them", async () => {
    const client = await administrator();
    await client.query("BEGIN");
    await client.query(making(schema, "k", "own"));
    await expect(cut!.commit("s", [put("b", 0, "mine")])).rejects.toMatchObject({
      code: "STORE_BUSY",
      message: expect.stringMatching(/others kept PostgreSQL at .* locked for \d+ ms/u),
    });
    // Reads do not wait for turns, and neither do other scopes.
    expect(await cut!.read("s", ["k", "b"])).toEqual(new Map());
    expect(await cut!.commit("another", [put("b", 0, "mine")])).toMatchObject({ committed: true });
    const waiting = cut!.commit("s", [put("c", 0, "mine")]);
    await client.query("COMMIT");
    const commit = await waiting;
    const slots = await whole!.list("s", "k");
    expect(commit.committed && commit.token.revision).toBeGreaterThan(slots[0]!.revision);
  });

  it("is nobody of those who change several scopes in one order and the other", async () => {
    const pairs = Array.from({ length: 40 }, (_, index) => {
      const scopes = index % 2 === 0 ? ["a", "b"] : ["b", "a"];
      const changes = scopes.map((scope) => ({ ...put(`k/${index}`, 0, "mine"), scope }));
      return [cut!, whole!][(index >> 1) % 2]!.commit(scopes[0]!, changes);
    });
    const commits = await Promise.all(pairs);
    expect(commits.every(({ committed }) => committed)).toBe(true);
  });
});
