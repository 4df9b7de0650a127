// Opening a store in etcd: what is written there, what is refused, and how long that takes.

import { createServer } from "node:net";
import { once } from "node:events";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { freePorts, hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { compact, getRaw, keysOf, putRaw } from "./etcd-raw.ts";

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

async function open(prefix: string, url = lone.url): Promise<Store> {
  const store = await openEtcd({ endpoints: [url], prefix, timeoutMs: 2000 });
  onTestFinished(() => store.close());
  return store;
}

const put = { key: "port/tcp/3000", ifRevision: 0, value: "mine" };

describe.skipIf(!hasEtcd)(`a store in etcd${WITHOUT_ETCD}`, () => {
  it("has one key for each slot, under its prefix, whose names are told apart whatever they are", async () => {
    const store = await open("apps/shop");
    await store.commit("host/a", [put, { ...put, scope: "host" }, { ...put, scope: "host%2Fa" }]);
    await store.commit("", [{ ...put, key: "Ω/x" }]);
    expect(await keysOf(lone.url, "apps/shop/")).toEqual([
      "apps/shop/format",
      "apps/shop/v1/epoch",
      "apps/shop/v1/s//Ω/x",
      "apps/shop/v1/s/host%252Fa/port/tcp/3000",
      "apps/shop/v1/s/host%2Fa/port/tcp/3000",
      "apps/shop/v1/s/host/port/tcp/3000",
    ]);
    expect(await getRaw(lone.url, "apps/shop/v1/s/host/port/tcp/3000")).toBe("127:mine");
  });

  it("has nothing to do with one of another prefix, though that begins like its own", async () => {
    const [one, two] = [await open("a"), await open("a/v1")];
    await one.commit("s", [put]);
    expect(await two.list("s", "port/")).toEqual([]);
    await two.commit("s", [{ ...put, value: "another" }]);
    expect((await one.list("s", "port/")).map(({ value }) => value)).toEqual(["mine"]);
  });

  it("is made once when many open it first at once", async () => {
    const stores = await Promise.all(Array.from({ length: 12 }, () => open("crowd")));
    expect(stores.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, () => 1));
  });

  it("begins the next epoch in another cluster, as one is that was made from a backup, once", async () => {
    const prefix = `backup-${++prefixes}`;
    expect((await open(prefix)).epoch).toBe(1);
    await putRaw(lone.url, `${prefix}/v1/epoch`, JSON.stringify({ epoch: 7, cluster: "another" }));
    const stores = await Promise.all([open(prefix), open(prefix), open(prefix)]);
    expect(stores.map(({ epoch }) => epoch)).toEqual([8, 8, 8]);
    const commit = await stores[0]?.commit("s", [put]);
    expect(commit).toMatchObject({ committed: true, token: { epoch: 8 } });
    expect((await open(prefix)).epoch).toBe(8);
  });

  it.each([
    [
      "of a newer format",
      "format",
      "2",
      { code: "STORE_TOO_NEW", format: 2, supported: 1 },
      /format 2, this version/u,
    ],
    ["of no format", "format", "x", { code: "STORE_DAMAGED" }, /its format is "x"/u],
    ["without a right epoch", "v1/epoch", "{}", { code: "STORE_DAMAGED" }, /its epoch is "\{\}"/u],
    ["whose epoch is no JSON", "v1/epoch", "", { code: "STORE_DAMAGED" }, /its epoch is ""/u],
  ])("is refused %s, and left as it is", async (_, key, value, fields, message) => {
    const prefix = `wrong-${++prefixes}`;
    await putRaw(lone.url, `${prefix}/format`, "1");
    await putRaw(lone.url, `${prefix}/${key}`, value);
    const before = await keysOf(lone.url, `${prefix}/`);
    const path = `etcd at ${lone.url}`;
    await expect(open(prefix)).rejects.toMatchObject({
      ...fields,
      path,
      message: expect.stringMatching(message) as string,
    });
    expect(await keysOf(lone.url, `${prefix}/`)).toEqual(before);
  });

  it("lists more slots than come in one answer, as of one moment", async () => {
    const store = await open("many");
    for (let at = 0; at < 4500; at += 125) {
      const keys = Array.from({ length: 125 }, (_, index) => `k/${String(at + index).padStart(5, "0")}`);
      await store.commit(
        "s",
        keys.map((key) => ({ key, ifRevision: 0, value: "x".repeat(1500) })),
      );
    }
    const keys = (await store.list("s", "k/")).map(({ key }) => key);
    expect(keys).toEqual(keys.toSorted());
    expect(new Set(keys).size).toBe(4500);
    const found = await store.read("s", keys);
    expect(found.size).toBe(4500);
    await compact(lone.url);
    expect((await store.list("s", "k/")).length).toBe(4500);
  });

  it("gives commits that change nothing revisions of their own", async () => {
    const store = await open("nothing");
    const nothing = { key: "none", ifRevision: 0, value: null };
    const commits = [
      await store.commit("s", [nothing]),
      await store.commit("s", []),
      await store.commit("s", [nothing]),
    ];
    const revisions = commits.map((commit) => commit.committed && commit.token.revision);
    expect(new Set(revisions).size).toBe(3);
    expect(await store.list("s", "n")).toEqual([]);
  });

  it("says which limit it is when an update reads and changes too much at once", async () => {
    const store = await open("limits");
    const keys = Array.from({ length: 129 }, (_, index) => `k/${index}`);
    const update = store.update("s", keys, () => [put]);
    await expect(update).rejects.toThrow(
      /^`keys`: expected at most 128 slots to read and change at once, received 130$/u,
    );
  });
});

/** A server that takes connections and says `answer`, or nothing. */
async function strangeServer(answer?: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (answer !== undefined) socket.once("data", () => socket.end(answer));
    onTestFinished(() => void socket.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`;
}

const page = "<h1>Not Found</h1>";

const nowhere: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
  [
    "nobody listens",
    async () => `http://127.0.0.1:${(await freePorts(1))[0]}`,
    /cannot be used: no answer within 600 ms \(.*ECONNREFUSED/u,
  ],
  [
    "somebody listens and says nothing",
    async () => await strangeServer(),
    /no answer within 600 ms \(.*no answer for \d+ ms\)$/u,
  ],
  [
    "a server is of another kind",
    async () =>
      await strangeServer(
        `HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
      ),
    /HTTP status 404: <h1>Not Found<\/h1>.*gateway is asked for at \/v3/u,
  ],
  [
    "what answers is no HTTP",
    async () => await strangeServer("220 mail.example ESMTP\r\n"),
    /no answer within 600 ms \(.*Parse Error/u,
  ],
];

describe("opening a store ends with an error that says what there is when", () => {
  it.each(nowhere)("%s", async (_, make, message) => {
    const url = await make();
    const opening = openEtcd({ endpoints: [url], timeoutMs: 600 });
    await expect(opening).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      path: `etcd at ${url}`,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("a call that waits for etcd", () => {
  it.skipIf(!hasEtcd)(`ends with the reason of its signal at once${WITHOUT_ETCD}`, async () => {
    const store = await open("signals");
    lone.server.pause();
    onTestFinished(() => lone.server.goOn());
    const reason = { why: "enough" };
    const calls: ((options: { signal: AbortSignal }) => Promise<unknown>)[] = [
      (options) => store.read("s", ["k"], options),
      (options) => store.list("s", "k", options),
      (options) => store.commit("s", [put], options),
      (options) => store.update("s", ["k"], () => [put], options),
      (options) => store.expiring!.create("s", "k", "v", 2000, options),
    ];
    for (const call of calls) {
      const abort = new AbortController();
      const calling = call({ signal: abort.signal });
      setImmediate(() => abort.abort(reason));
      await expect(calling).rejects.toBe(reason);
    }
  });
});
