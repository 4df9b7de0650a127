// A commit whose answer is lost: the server has done it, and the connection was cut before anybody heard.

import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import type { SlotChange, Store } from "../../src/contract/index.ts";
import { hasEtcd, type LoneServer, openEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { Proxy } from "./proxy.ts";

let lone: LoneServer;
let proxy: Proxy;
let prefixes = 0;
/** Through the proxy, and past it. */
let [cut, whole]: Store[] = [];

beforeAll(async () => {
  if (!hasEtcd) return;
  lone = await startEtcd();
  proxy = await Proxy.start(lone.port);
});

afterAll(async () => {
  if (!hasEtcd) return;
  await proxy.end();
  await lone.server.end();
});

beforeEach(async () => {
  if (!hasEtcd) return;
  const prefix = `outcomes-${++prefixes}`;
  const open = async (port: number): Promise<Store> => {
    const store = await openEtcd({ endpoints: [`http://127.0.0.1:${port}`], prefix, timeoutMs: 2000 });
    onTestFinished(() => store.close());
    return store;
  };
  cut = await open(proxy.port);
  whole = await open(lone.port);
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

describe.skipIf(!hasEtcd)(`when the answer to it is lost${WITHOUT_ETCD},`, () => {
  it.each([
    ["a commit that makes a slot", (): SlotChange[] => [put("new", 0, "mine")]],
    [
      "one that changes several",
      (at: number): SlotChange[] => [put("a", at, "mine"), put("b", at, "mine too")],
    ],
    ["one that writes and removes", (at: number): SlotChange[] => [put("a", at, "mine"), remove("b", at)]],
  ])("%s is told done, once, with its revision", async (_, changesFor) => {
    const changes = changesFor(await made("a", "b"));
    proxy.loseAnswers(1);
    const commit = await cut!.commit("s", changes);
    const slots = await whole!.read(
      "s",
      changes.map(({ key }) => key),
    );
    const expected = changes.filter(({ value }) => value !== null);
    expect([...slots.values()].map(({ key, value }) => [key, value])).toEqual(
      expected.map(({ key, value }) => [key, value]),
    );
    const revisions = [...slots.values()].map(({ revision }) => revision);
    expect(commit).toMatchObject({ committed: true, token: { revision: revisions[0] } });
    expect(new Set(revisions).size).toBe(1);
  });

  it("an update is told done, and decides once", async () => {
    await made("a");
    let decided = 0;
    await cut!.update("s", ["a"], () => []);
    proxy.loseAnswers(2);
    const commit = await cut!.update("s", ["a"], (slots) => {
      decided++;
      return [put("a", slots.get("a")!.revision, "mine")];
    });
    const slot = (await whole!.read("s", ["a"])).get("a");
    expect(commit).toMatchObject({ committed: true, token: { revision: slot?.revision } });
    expect([slot?.value, decided]).toEqual(["mine", 1]);
  });

  it("a commit that was refused is told refused, where a slot shows that it was not done", async () => {
    const at = await made("a", "b");
    await whole!.commit("s", [put("b", at, "another's")]);
    proxy.loseAnswers(1);
    const commit = await cut!.commit("s", [put("a", at, "mine"), put("b", at, "mine")]);
    expect(commit).toEqual({ committed: false, changed: ["b"] });
  });

  it("a commit that did not reach the server is done, where that can be told", async () => {
    const at = await made("a");
    proxy.loseRequests(1);
    expect(await cut!.commit("s", [put("a", at, "mine")])).toMatchObject({ committed: true });
    proxy.loseRequests(1);
    await expect(cut!.commit("s", [put("new", 0, "mine")])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect((await whole!.list("s", "n")).length).toBe(0);
  });

  it.each([
    ["a removal alone", (at: number): SlotChange[] => [remove("a", at)], async (): Promise<void> => {}],
    [
      "a commit whose slot somebody has changed since",
      (at: number): SlotChange[] => [put("a", at, "mine")],
      async (): Promise<void> => {
        await whole!.update("s", ["a"], (slots) => [put("a", slots.get("a")!.revision, "another's")]);
      },
    ],
  ])("%s is an error that says so", async (_, changesFor, meanwhile) => {
    const changes = changesFor(await made("a"));
    proxy.loseAnswers(1);
    proxy.onLost = meanwhile;
    onTestFinished(() => void (proxy.onLost = undefined));
    await expect(cut!.commit("s", changes)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/does not tell whether it was done/u) as string,
    });
  });

  it("and nothing answers again, the error says that it is not known", async () => {
    proxy.loseAnswers(Infinity);
    onTestFinished(() => proxy.loseAnswers(0));
    const unavailable = expect.stringMatching(/no answer within 2000 ms.*is not known$/u) as string;
    await expect(cut!.commit("s", [put("a", 0, "mine")])).rejects.toMatchObject({ message: unavailable });
    const other = expect.stringMatching(/no answer within 2000 ms(?!.*is not known)/u) as string;
    await expect(cut!.read("s", ["a"])).rejects.toMatchObject({ message: other });
  });

  it("a slot that expires is made once, and can be kept alive", async () => {
    for (const lost of [1, 2]) {
      proxy.loseAnswers(lost);
      const { token, ttlMs } = await cut!.expiring!.create("s", `session/${lost}`, "v", 2000);
      const slot = (await whole!.read("s", [`session/${lost}`])).get(`session/${lost}`);
      expect(slot?.revision).toBe(token.revision);
      expect(ttlMs).toBe(2000);
      proxy.loseAnswers(1);
      expect(await cut!.expiring!.keepAlive("s", `session/${lost}`)).toBe(true);
    }
  });

  it("connections that were cut while nobody used them are made anew", async () => {
    const at = await made("a");
    await cut!.read("s", ["a"]);
    const before = proxy.connections;
    proxy.cut();
    expect(await cut!.commit("s", [put("a", at, "two")])).toMatchObject({ committed: true });
    expect(proxy.connections).toBeGreaterThan(before);
  });
});
