// What slots can hold comes back as it was, by whichever way it is read.

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Slot, Store } from "../../src/contract/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

async function open(schema = freshSchema()): Promise<Store> {
  return await openPostgres({ connectionString: server.url, schema });
}

/** The slots as reads, lists, watches, views and refused commits of another process tell them. */
async function tellings(schema: string, scope: string, key: string): Promise<(Slot | undefined)[]> {
  const store = await open(schema);
  const watch = store.watch(scope);
  const { value: all } = await watch.next();
  await watch.return?.();
  const decidedOn: (Slot | undefined)[] = [];
  await store.update(scope, [key], (slots) => {
    decidedOn.push(slots.get(key));
    return decidedOn.length === 1 ? [{ key, ifRevision: 0, value: "refused" }] : [];
  });
  const [list, read] = [await store.list(scope, "k/"), await store.read(scope, [key])];
  return [list[0], read.get(key), all.slots[0], ...decidedOn];
}

describe.skipIf(!hasPostgres)(`a slot of PostgreSQL${WITHOUT_POSTGRES}`, () => {
  const texts: [what: string, text: string, told?: string][] = [
    ["quotes, braces and commas", `{"a":"b\\"c","d":[1,'e',{}],NULL}`],
    ["backslashes that look like escapes", String.raw`\ud800 \u0000 \n C:\udp \\`],
    ["control characters", "\u0001\b\t\n\v\f\r\u001f\u007f\u0085\u2028\u2029"],
    ["characters beyond 16 bits", "🚢 \u{10ffff}"],
    ["nothing but spaces", "  "],
    ["a word that means something in SQL", "NULL"],
    ["first halves of characters, which are replaced", "a\ud800b🚢\udbff", "a\ufffdb🚢\ufffd"],
    [
      "second halves of characters, which are replaced",
      String.raw`\udc00` + "\udc00\u0001",
      String.raw`\udc00` + "\ufffd\u0001",
    ],
  ];
  it.each(texts)("has in its scope, key and value: %s", async (_, text, told = text) => {
    const schema = freshSchema();
    const store = await open(schema);
    const change = { key: `k/${text}`, ifRevision: 0, value: text };
    const commit = await store.commit(text, [change]);
    const revision = commit.committed && commit.token.revision;
    const slot = { key: `k/${told}`, revision, value: told };
    expect(await tellings(schema, told, slot.key)).toEqual(Array.from({ length: 5 }, () => slot));
    expect(await store.commit(text, [change])).toEqual({ committed: false, changed: [change.key] });
  });

  it("keeps no text with a NUL", async () => {
    const store = await open();
    for (const change of [
      { key: "k", ifRevision: 0, value: "\0" },
      { key: "\0", ifRevision: 0, value: "v" },
    ]) {
      await expect(store.commit("s", [change])).rejects.toThrow("expected text without NUL");
    }
  });

  it("has the greatest revisions that are whole numbers here", async () => {
    const schema = freshSchema();
    const store = await open(schema);
    await store.commit("s", [{ key: "k/a", ifRevision: 0, value: "first" }]);
    await server.sql(`SELECT setval('"${schema}".revision', ${Number.MAX_SAFE_INTEGER - 2})`);
    const [a] = await store.list("s", "k/");
    const change = { key: "k/a", ifRevision: a!.revision, value: "second" };
    const token = { epoch: store.epoch, revision: Number.MAX_SAFE_INTEGER - 1 };
    expect(await store.commit("s", [change])).toEqual({ committed: true, token });
    const slot = { key: "k/a", revision: token.revision, value: "second" };
    expect(await tellings(schema, "s", "k/a")).toEqual(Array.from({ length: 5 }, () => slot));
    const last = { key: "k/a", ifRevision: token.revision, value: null };
    expect(await store.commit("s", [last])).toMatchObject({ committed: true });
    expect(await store.list("s", "k/")).toEqual([]);
  });

  it.each([Number.MAX_SAFE_INTEGER + 1, 2 ** 62, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "does not change on the condition that it has the revision %d",
    async (ifRevision) => {
      const store = await open();
      await store.commit("s", [{ key: "k/a", ifRevision: 0, value: "first" }]);
      for (const key of ["k/a", "k/b"]) {
        const commit = await store.commit("s", [{ key, ifRevision, value: "second" }]);
        expect(commit).toEqual({ committed: false, changed: [key] });
      }
      expect(await store.list("s", "k/")).toMatchObject([{ key: "k/a", value: "first" }]);
    },
  );

  it("does not stay for ever when it is to expire after what is no number", async () => {
    const store = await open();
    const { expiring } = store;
    await expect(expiring!.create("s", "k/a", "v", Number.NaN)).rejects.toThrow("NaN");
    expect(await store.list("s", "k/")).toEqual([]);
  });
});
