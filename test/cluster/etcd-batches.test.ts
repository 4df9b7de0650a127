// Commits that are outstanding together share a transaction of etcd; what becomes of one concerns no other.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { Commit, SlotChange, SlotChanges, Store } from "../../src/contract/index.ts";
import { revisionNow } from "./etcd-raw.ts";
import { hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { Proxy } from "./proxy.ts";

/** More than one commit of the size of `LONG` is not what etcd takes. */
const MOST_BYTES = 4000;
const LONG = "x".repeat(MOST_BYTES);

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd("http", [`--max-request-bytes=${MOST_BYTES}`]);
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

async function openStore(port = lone.port, prefix = `batches-${++prefixes}`): Promise<Store> {
  const store = await openEtcd({ endpoints: [`http://127.0.0.1:${port}`], prefix, timeoutMs: 2000 });
  onTestFinished(() => store.close());
  return store;
}

const put = (key: string, ifRevision = 0, value = "v"): SlotChange => ({ key, ifRevision, value });

const NAMES: readonly string[] = Array.from({ length: 20 }, (_, at) => `k/${at + 10}`);

function revisionsOf(commits: readonly Commit[]): number[] {
  return commits.map((commit) => (commit.committed ? commit.token.revision : 0));
}

async function commitAll(store: Store, changes: readonly SlotChange[]): Promise<Commit[]> {
  return await Promise.all(changes.map((change) => store.commit("s", [change])));
}

async function keysIn(store: Store): Promise<string[]> {
  return (await store.list("s", "k/")).map(({ key }) => key);
}

describe.skipIf(!hasEtcd)(`commits that are outstanding together${WITHOUT_ETCD}`, () => {
  it("are one transaction, with a revision each, which reads, lists and watches tell", async () => {
    const store = await openStore();
    const other = await openStore(lone.port, `batches-${prefixes}`);
    const watch = other.watch("s");
    await watch.next();
    const before = await revisionNow(lone.url);
    const given = revisionsOf(
      await commitAll(
        store,
        NAMES.map((key) => put(key)),
      ),
    );
    expect((await revisionNow(lone.url)) - before).toBe(1);
    expect(new Set(given).size).toBe(NAMES.length);
    const expected = new Map(NAMES.map((key, at) => [key, { key, revision: given[at]!, value: "v" }]));
    expect(await other.read("s", NAMES)).toEqual(expected);
    const listed = await other.list("s", "k/");
    expect(new Map(listed.map((slot) => [slot.key, slot]))).toEqual(expected);
    const told = (await watch.next()).value as SlotChanges;
    expect(told.slots).toEqual([...expected.values()]);
    expect(told.revision).toBeGreaterThanOrEqual(Math.max(...given));
    await watch.return?.();
  });

  it("are told to who watches when they remove slots, before whatever comes later", async () => {
    const store = await openStore();
    const made = revisionsOf(
      await commitAll(
        store,
        NAMES.map((key) => put(key)),
      ),
    );
    const watch = store.watch("s");
    await watch.next();
    const removed = revisionsOf(
      await commitAll(
        store,
        NAMES.map((key, at) => ({ key, ifRevision: made[at]!, value: null })),
      ),
    );
    expect(new Set(removed).size).toBe(NAMES.length);
    const { slots, revision } = (await watch.next()).value as SlotChanges;
    expect(slots.map(({ key, value }) => [key, value])).toEqual(NAMES.map((key) => [key, null]));
    expect(revision).toBeGreaterThanOrEqual(Math.max(...removed));
    const [later] = revisionsOf(await commitAll(store, [put("k/10")]));
    expect(later).toBeGreaterThan(revision);
    await watch.return?.();
  });

  it("are refused each on its own, and told for what", async () => {
    const store = await openStore();
    await store.commit("s", [put("k/13")]);
    const commits = await commitAll(
      store,
      NAMES.map((key) => put(key)),
    );
    expect(commits[3]).toEqual({ committed: false, changed: ["k/13"] });
    expect(commits.filter(({ committed }) => committed)).toHaveLength(NAMES.length - 1);
  });

  it("fail each on its own, where etcd takes none of them for one that is too long", async () => {
    const store = await openStore();
    const commits = NAMES.map((key, at) => store.commit("s", [put(key, 0, at === 3 ? LONG : "v")]));
    const ends = await Promise.allSettled(commits);
    expect(ends[3]).toMatchObject({ reason: { code: "STORE_UNAVAILABLE" } });
    expect(await keysIn(store)).toEqual(NAMES.filter((key) => key !== "k/13"));
  });

  it("are told done once each, with what is there, when their answer is lost", async () => {
    const proxy = await Proxy.start(lone.port);
    onTestFinished(() => proxy.end());
    const whole = await openStore();
    const cut = await openStore(proxy.port, `batches-${prefixes}`);
    const [changed, made] = [NAMES.slice(0, 10), NAMES.slice(10)];
    const first = revisionsOf(
      await commitAll(
        whole,
        changed.map((key) => put(key)),
      ),
    );
    const before = await revisionNow(lone.url);
    proxy.loseAnswers(1);
    const given = await commitAll(cut, [
      ...changed.map((key, at) => put(key, first[at], "two")),
      ...made.map((key) => put(key, 0, "two")),
    ]);
    const slots = await whole.read("s", NAMES);
    expect([...slots.values()].map(({ revision }) => revision)).toEqual(revisionsOf(given));
    expect(new Set([...slots.values()].map(({ value }) => value))).toEqual(new Set(["two"]));
    expect((await revisionNow(lone.url)) - before).toBe(1);
  });

  it("are left out when they are aborted before they are sent", async () => {
    const store = await openStore();
    const leaving = new AbortController();
    const commits = NAMES.map((key, at) =>
      store.commit("s", [put(key)], at === 3 ? { signal: leaving.signal } : {}),
    );
    leaving.abort(new Error("changed my mind"));
    const ends = await Promise.allSettled(commits);
    expect(ends[3]).toMatchObject({ reason: { message: "changed my mind" } });
    expect(await keysIn(store)).toEqual(NAMES.filter((key) => key !== "k/13"));
  });

  it("are done one after the other where one needs as it was what another one writes", async () => {
    const store = await openStore();
    // From then on what is decided is decided at once.
    await expect.poll(async () => await decidesAtOnce(store)).toBe(true);
    const takeUnless = (mine: string, taken: string): Promise<Commit | undefined> =>
      store.update("s", [mine, taken], (slots) => (slots.size > 0 ? [] : [put(mine)]));
    for (let round = 0; round < 5; round++) {
      const [x, y] = [`x/${round}`, `y/${round}`];
      await Promise.all([takeUnless(x, y), takeUnless(y, x)]);
      expect((await store.read("s", [x, y])).size).toBe(1);
    }
  });
});

async function decidesAtOnce(store: Store): Promise<boolean> {
  let isDecided = false;
  const updating = store.update("s", ["none"], () => {
    isDecided = true;
    return [];
  });
  const atOnce = isDecided;
  await updating;
  return atOnce;
}
