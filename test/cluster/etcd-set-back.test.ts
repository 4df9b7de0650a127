// A disk that is set back: the server comes back with an older state of the same cluster, and counts from there once more.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import type { Commit, Store, Token } from "../../src/contract/index.ts";
import { hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

beforeEach(() => {
  prefixes++;
});

async function open(): Promise<Store> {
  const store = await openEtcd({ endpoints: [lone.url], prefix: `set-back-${prefixes}`, timeoutMs: 5000 });
  onTestFinished(() => store.close());
  return store;
}

/** The server's data of the moment before `change`, after it. */
async function setBack(change: () => Promise<void>): Promise<void> {
  const { server } = lone;
  const [data, copy] = [join(server.folder, "data"), join(server.folder, "copy")];
  await server.kill();
  spawnSync("cp", ["-a", data, copy]);
  await server.start();
  await change();
  await server.kill();
  rmSync(data, { recursive: true });
  spawnSync("mv", [copy, data]);
  await server.start();
}

function tokenOf(commit: Commit): Token {
  if (!commit.committed) throw new Error("refused");
  return commit.token;
}

const put = (key: string) => ({ key, ifRevision: 0, value: "mine" });

const refused = {
  code: "STORE_UNAVAILABLE",
  message: expect.stringMatching(/revisions went back from \d+ to \d+: .* open it again$/u) as string,
};

describe.skipIf(!hasEtcd)(`when the disk of etcd is set back${WITHOUT_ETCD},`, () => {
  it("who was told what it does not know any more is refused, and later tokens are above all that were told", async () => {
    const store = await open();
    const told: Token[] = [];
    await setBack(async () => {
      for (const key of ["a", "b", "c"]) told.push(tokenOf(await store.commit("s", [put(key)])));
    });
    await expect(store.commit("s", [put("d")])).rejects.toMatchObject(refused);
    await expect(store.list("s", "b")).rejects.toMatchObject(refused);
    const again = await open();
    const { epoch } = tokenOf(await again.commit("s", [put("a")]));
    expect(told.map((token) => token.epoch)).toEqual([1, 1, 1]);
    expect(epoch).toBe(2);
  });

  it("so it is when nothing of the store was there yet", async () => {
    let store!: Store;
    await setBack(async () => {
      store = await open();
      await store.commit("s", [put("a")]);
    });
    await expect(store.read("s", ["a"])).rejects.toMatchObject(refused);
    expect((await open()).epoch).toBe(2);
  });

  it("nobody keeps anything alive on its word", async () => {
    const store = await open();
    await store.expiring!.create("s", "session", "mine", 60_000);
    await setBack(async () => {
      await store.commit("s", [put("a")]);
    });
    expect(await store.expiring!.keepAlive("s", "session")).toBe(false);
  });
});
