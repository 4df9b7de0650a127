// A watch goes on through what happens to its connection, and says when it has to begin anew.

import { setTimeout as pause } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

import type { SlotChange, SlotChanges, Store } from "../../src/contract/index.ts";
import { startChild } from "../stores/child.ts";
import { hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { compact } from "./etcd-raw.ts";
import { Proxy } from "./proxy.ts";

let lone: LoneServer;
let prefixes = 0;

beforeAll(async () => {
  if (hasEtcd) lone = await startEtcd();
});

afterAll(async () => {
  if (hasEtcd) await lone.server.end();
});

interface Watched {
  readonly proxy: Proxy;
  /** Past the proxy. */
  readonly store: Store;
  readonly next: () => Promise<SlotChanges>;
}

/** A watch through a proxy, which was told that there is one slot. */
async function watched(): Promise<Watched> {
  const prefix = `watch-${++prefixes}`;
  const proxy = await Proxy.start(lone.port);
  onTestFinished(() => proxy.end());
  const open = async (port: number): Promise<Store> => {
    const store = await openEtcd({ endpoints: [`http://127.0.0.1:${port}`], prefix });
    onTestFinished(() => store.close());
    return store;
  };
  const [store, through] = [await open(lone.port), await open(proxy.port)];
  await store.commit("s", [put("a", "A")]);
  const watch = through.watch("s");
  const next = async (): Promise<SlotChanges> => {
    const { done, value } = await watch.next();
    if (done) throw new Error("the watch ended");
    return value;
  };
  expect(shown(await next())).toEqual(["all", "a=A"]);
  return { proxy, store, next };
}

function put(key: string, value: string): SlotChange {
  return { key, ifRevision: 0, value };
}

async function remove(store: Store, key: string): Promise<void> {
  await store.update("s", [key], (slots) => [{ key, ifRevision: slots.get(key)!.revision, value: null }]);
}

function shown({ all, slots }: SlotChanges): string[] {
  return [...(all ? ["all"] : []), ...slots.map(({ key, value }) => `${key}=${value}`)];
}

describe.skipIf(!hasEtcd)(`a watch of etcd${WITHOUT_ETCD}`, () => {
  it("tells what came while its connection was cut, once", async () => {
    const { proxy, store, next } = await watched();
    const { port } = proxy;
    await proxy.end();
    await store.commit("s", [put("b", "B")]);
    await remove(store, "a");
    await proxy.listen(port);
    const told: string[] = [];
    while (told.length < 2) told.push(...shown(await next()));
    expect(told).toEqual(["b=B", "a=null"]);
    proxy.cut();
    await store.commit("s", [put("c", "C")]);
    expect(shown(await next())).toEqual(["c=C"]);
  });

  it("begins anew with all slots when what came meanwhile was compacted", async () => {
    const { proxy, store, next } = await watched();
    const { port } = proxy;
    await proxy.end();
    await store.commit("s", [put("b", "B")]);
    await remove(store, "a");
    await store.commit("s", [put("c", "C")]);
    await compact(lone.url);
    await proxy.listen(port);
    expect(shown(await next())).toEqual(["all", "b=B", "c=C"]);
    await store.commit("s", [put("d", "D")]);
    expect(shown(await next())).toEqual(["d=D"]);
  });

  it("goes on when the server was killed and started again", async () => {
    const { store, next } = await watched();
    await lone.server.kill();
    await lone.server.start();
    await store.commit("s", [put("b", "B")]);
    expect(shown(await next())).toEqual(["b=B"]);
  });

  it("is told of a slot that expired", async () => {
    const { store, next } = await watched();
    await store.expiring!.create("s", "session/1", "v", 2000);
    expect(shown(await next())).toEqual(["session/1=v"]);
    expect(shown(await next())).toEqual(["session/1=null"]);
  });

  it("cannot begin without a server, and says so", async () => {
    const { proxy } = await watched();
    const store = await openEtcd({
      endpoints: [`http://127.0.0.1:${proxy.port}`],
      prefix: "x",
      timeoutMs: 500,
    });
    onTestFinished(() => store.close());
    await proxy.end();
    await expect(store.watch("s").next()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it.each([
    ["keeps the process, until it ends", "foreground", ["watching", "told", "ended"]],
    ["in the background does not keep the process", "background", ["watching"]],
  ])("%s", async (_, how, expected) => {
    const prefix = `watch-${++prefixes}`;
    const store = await openEtcd({ endpoints: [lone.url], prefix });
    onTestFinished(() => store.close());
    const child = startChild("cluster/watcher.mjs", lone.url, prefix, how);
    const said: unknown[] = [await child.next()];
    if (how === "foreground") {
      // Longer than a process takes to end that nothing keeps.
      await pause(500);
      await store.commit("s", [put("a", "A")]);
    }
    const rest = async (): Promise<void> => {
      for (;;) said.push(await child.next());
    };
    await expect(rest()).rejects.toThrow("cluster/watcher.mjs ended: 0");
    expect(said).toEqual(expected);
  });
});
