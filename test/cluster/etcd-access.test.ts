// How an etcd is reached: several endpoints, TLS with certificates, a user with a password.

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it, onTestFinished } from "vitest";

import type { Store } from "../../src/contract/index.ts";
import { type EtcdOptions, parseEtcdUrl } from "../../src/stores/etcd/index.ts";
import { Authority, hasOpenssl, pem } from "./certificates.ts";
import { askEtcd } from "./etcd-raw.ts";
import { freePorts, hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { Proxy } from "./proxy.ts";

const running: LoneServer[] = [];

afterEach(async () => {
  for (const { server } of running.splice(0)) await server.end();
});

async function start(scheme = "http", flags: readonly string[] = []): Promise<LoneServer> {
  const lone = await startEtcd(scheme, flags);
  running.push(lone);
  return lone;
}

async function open(options: EtcdOptions): Promise<Store> {
  const store = await openEtcd({ timeoutMs: 2000, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Whether a slot can be changed, by a commit that is done for certain even when a connection has just been cut. */
async function isUsable(store: Store): Promise<boolean> {
  const commit = await store.update("s", ["k"], (slots) => {
    const slot = slots.get("k");
    return [{ key: "k", ifRevision: slot?.revision ?? 0, value: `${slot?.value ?? ""}.` }];
  });
  return commit?.committed === true;
}

describe.skipIf(!hasEtcd)(`of several endpoints${WITHOUT_ETCD}`, () => {
  it("the next one is asked when one does not answer, and asked first from then on", async () => {
    const lone = await start();
    const [one, two] = [await Proxy.start(lone.port), await Proxy.start(lone.port)];
    const [nobody] = await freePorts(1);
    onTestFinished(async () => void (await Promise.all([one.end(), two.end()])));
    const endpoints = [nobody!, one.port, two.port].map((port) => `http://127.0.0.1:${port}`);
    const store = await open({ endpoints });
    const watch = store.watch("s");
    await watch.next();
    expect(await isUsable(store)).toBe(true);
    expect(two.connections).toBe(0);
    await one.end();
    expect(await isUsable(store)).toBe(true);
    expect(two.connections).toBeGreaterThan(0);
    await expect.poll(async () => (await watch.next()).value?.slots.length).toBe(1);
    await two.end();
    await expect(store.read("s", ["k"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await one.listen(new URL(endpoints[1]!).port as unknown as number);
    expect(await isUsable(store)).toBe(true);
  });

  it("one that stands still costs its share of the time, and no more", async () => {
    const [still, lone] = [await start(), await start()];
    still.server.pause();
    onTestFinished(() => still.server.goOn());
    const store = await open({ endpoints: [still.url, lone.url] });
    expect(await isUsable(store)).toBe(true);
  });

  it("two that are not of one cluster are found out", async () => {
    const flags = ["--initial-cluster-token", "another"];
    const [one, two] = [await start(), await start("http", flags)];
    const store = await open({ endpoints: [one.url, two.url] });
    expect(await isUsable(store)).toBe(true);
    await one.server.kill();
    const message = expect.stringMatching(/another cluster than before/u) as string;
    await expect(store.read("s", ["k"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", message });
  });
});

describe.skipIf(!hasEtcd || !hasOpenssl)(
  `over TLS${hasOpenssl ? WITHOUT_ETCD : " (skipped: no openssl)"}`,
  () => {
    it("a client with a certificate that the server trusts is let in, by options and by URL, and nobody else", async () => {
      const folder = mkdtempSync(join(tmpdir(), "moorage-tls-"));
      chmodSync(folder, 0o755);
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const authority = new Authority(folder);
      const [server, client] = [authority.issue("server"), authority.issue("client")];
      const lone = await start("https", [
        `--cert-file=${server.cert}`,
        `--key-file=${server.key}`,
        `--trusted-ca-file=${authority.ca}`,
        "--client-cert-auth",
      ]);
      const endpoints = [lone.url];
      const tls = { ca: pem(authority.ca), cert: pem(client.cert), key: pem(client.key) };
      expect(await isUsable(await open({ endpoints, tls }))).toBe(true);
      const url = `etcd://127.0.0.1:${lone.port}/moorage?ca=${authority.ca}&cert=${client.cert}&key=${client.key}`;
      const store = await open(parseEtcdUrl(url));
      expect(await isUsable(store)).toBe(true);
      const watch = store.watch("s");
      await watch.next();
      const told = watch.next();
      expect(await isUsable(store)).toBe(true);
      expect((await told).value?.slots.length).toBe(1);
      const refused: readonly (readonly [EtcdOptions, RegExp])[] = [
        [{ endpoints }, /unable to verify the first certificate|self-signed certificate/u],
        [{ endpoints, tls: { ca: tls.ca } }, /cannot be used/u],
        [
          { endpoints: [`http://127.0.0.1:${lone.port}`] },
          /HTTP request to an HTTPS server|socket hang up|HTTP status 400/u,
        ],
      ];
      for (const [options, message] of refused) {
        const expected = { code: "STORE_UNAVAILABLE", message: expect.stringMatching(message) as string };
        await expect(open({ ...options, timeoutMs: 1500 })).rejects.toMatchObject(expected);
      }
    });
  },
);

/** A server with the users root and ann; ann may use what begins with "shop". */
async function startGuarded(): Promise<LoneServer> {
  const lone = await start();
  const ask = async (path: string, message: object): Promise<unknown> =>
    await askEtcd(lone.url, `/v3/auth/${path}`, message);
  const range = { key: "shop", range_end: "shoq" };
  const [key, end] = [range.key, range.range_end].map((text) => Buffer.from(text).toString("base64"));
  for (const [name, password] of [
    ["root", "secret"],
    ["ann", "p:w"],
  ]) {
    await ask("user/add", { name, password });
    await ask("role/add", { name });
    await ask("user/grant", { user: name, role: name });
  }
  await ask("role/grant", { name: "ann", perm: { permType: "READWRITE", key, range_end: end } });
  await ask("enable", {});
  return lone;
}

describe.skipIf(!hasEtcd)(`with authentication${WITHOUT_ETCD}`, () => {
  it("a user with the right password is let in, and gets a new token when the server forgot the old one", async () => {
    const lone = await startGuarded();
    const store = await open({ endpoints: [lone.url], user: "ann", password: "p:w", prefix: "shop" });
    const watch = store.watch("s");
    await watch.next();
    expect(await isUsable(store)).toBe(true);
    expect((await watch.next()).value?.slots.length).toBe(1);
    // Tokens are kept in its memory.
    await lone.server.kill();
    await lone.server.start();
    const many = await Promise.all(Array.from({ length: 20 }, () => isUsable(store)));
    expect(many).not.toContain(false);
    for (let value = ""; value.length < 21;) value = (await watch.next()).value!.slots[0]!.value!;
    expect(await store.expiring!.create("s", "session/1", "v", 2000)).toMatchObject({ ttlMs: 2000 });
    expect(await store.expiring!.keepAlive("s", "session/1")).toBe(true);
  });

  it("a watch alone gets a new token when the server forgot the old one", async () => {
    const lone = await startGuarded();
    const options = { endpoints: [lone.url], user: "ann", password: "p:w", prefix: "shop" };
    const [watcher, other] = [await open(options), await open(options)];
    const watch = watcher.watch("s");
    await watch.next();
    const told = watch.next();
    await lone.server.kill();
    await lone.server.start();
    expect(await isUsable(other)).toBe(true);
    expect((await told).value?.slots.length).toBe(1);
  });

  it("a user whose rights change goes on", async () => {
    const lone = await startGuarded();
    const store = await open({ endpoints: [lone.url], user: "ann", password: "p:w", prefix: "shop" });
    expect(await isUsable(store)).toBe(true);
    const { token } = (await askEtcd(lone.url, "/v3/auth/authenticate", {
      name: "root",
      password: "secret",
    })) as {
      token: string;
    };
    await askEtcd(lone.url, "/v3/auth/user/add", { name: "bob", password: "x" }, token);
    expect(await isUsable(store)).toBe(true);
  });

  it.each([
    ["no user", {}, /user name is empty.*it wants a user and a password/u],
    [
      "a wrong password",
      { user: "ann", password: "x" },
      /invalid user ID or password"; look at the user and the password$/u,
    ],
    [
      "a user without rights",
      { user: "ann", password: "p:w", prefix: "other" },
      /permission denied.*needs the rights/u,
    ],
  ])("%s is refused at once", async (_, options, message) => {
    const lone = await startGuarded();
    const opening = open({ endpoints: [lone.url], ...options });
    const expected = { code: "STORE_UNAVAILABLE", message: expect.stringMatching(message) as string };
    await expect(opening).rejects.toMatchObject(expected);
  });

  it("a user is refused where there are none", async () => {
    const lone = await start();
    const opening = open({ endpoints: [lone.url], user: "ann", password: "p:w" });
    await expect(opening).rejects.toThrow(
      /not enabled"; leave user and password out, or .*etcdctl auth enable/u,
    );
  });
});
