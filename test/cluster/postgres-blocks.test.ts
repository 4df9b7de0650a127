// Blocks of ports, which are slots whose keys say what they cover: no two of a scope and protocol overlap.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import type { Commit, SlotChange, Store } from "../../src/contract/index.ts";
import { hasPostgres, type PostgresServer, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema, openPostgres } from "./postgres-stores.ts";

let server: PostgresServer;
let schema: string;
let store: Store;

beforeAll(async () => {
  if (hasPostgres) server = await startPostgres();
});

afterAll(async () => {
  if (hasPostgres) await server.stop();
});

beforeEach(async () => {
  if (!hasPostgres) return;
  schema = freshSchema();
  store = await openPostgres({ connectionString: server.url, schema });
});

const make = (key: string, scope = "s"): SlotChange => ({ scope, key, ifRevision: 0, value: "host" });

async function made(...changes: readonly SlotChange[]): Promise<number> {
  const commit = await store.commit("s", changes);
  if (!commit.committed) throw new Error(`refused: ${commit.changed.join()}`);
  return commit.token.revision;
}

/** As another program would. */
async function insert(key: string): Promise<void> {
  await server.sql(
    `INSERT INTO "${schema}".slot (scope, key, revision, value) VALUES ('s', '${key}', 1, 'x')`,
  );
}

function refused(key: string): Commit {
  return { committed: false, changed: [key] };
}

describe.skipIf(!hasPostgres)(`blocks${WITHOUT_POSTGRES}`, () => {
  it("that overlap are refused, and those beside them are not", async () => {
    await made(make("block/tcp/20000-20255"));
    for (const ports of ["20255-20300", "19000-20000", "20010-20020", "1-65535", "20000-20256"]) {
      const key = `block/tcp/${ports}`;
      expect(await store.commit("s", [make("k"), make(key)])).toEqual(refused(key));
    }
    await made(make("block/tcp/20256-20511"), make("block/tcp/19000-19999"));
    await made(make("block/udp/20000-20255"), make("block/tcp/20000-20255", "another scope"));
    expect((await store.list("s", "block/tcp/")).length).toBe(3);
    expect(await store.read("s", ["k"])).toEqual(new Map());
  });

  it("that are given up make room, in the same commit too", async () => {
    const revision = await made(make("block/tcp/20000-20255"));
    await made(
      { key: "block/tcp/20000-20255", ifRevision: revision, value: null },
      make("block/tcp/20128-20383"),
    );
    expect(await store.commit("s", [make("block/tcp/20000-20128")])).toEqual(
      refused("block/tcp/20000-20128"),
    );
    await made(make("block/tcp/20000-20127"));
  });

  it("that overlap within a commit are a mistake that changes nothing", async () => {
    const both = [make("block/tcp/1-10"), make("block/tcp/10-20")];
    await expect(store.commit("s", both)).rejects.toThrow(TypeError);
    expect(await store.list("s", "block/")).toEqual([]);
  });

  it("that are asked for at once go to one of those who ask", async () => {
    const stores = [store, await openPostgres({ connectionString: server.url, schema })];
    const keys = Array.from({ length: 12 }, (_, index) => `block/tcp/${1000 + index}-${1100 + index}`);
    const commits = await Promise.all(
      keys.map((key, index) => stores[index % 2]!.commit("s", [make(key), make(`mine/${index}`)])),
    );
    expect(commits.filter(({ committed }) => committed)).toHaveLength(1);
    expect(await store.list("s", "mine/")).toHaveLength(1);
  });

  it("are kept apart from what other programs write, too", async () => {
    await made(make("block/tcp/20000-20255"));
    await expect(insert("block/tcp/20255-20256")).rejects.toThrow("slot_blocks_apart");
    await insert("block/tcp/20256-20257");
  });

  it("whose keys say no ports are slots like others", async () => {
    for (const key of ["block/tcp/9-1", "block/tcp/", "block/tcp/1-10/x", "block/", "block/tcp/1-999999"]) {
      await made(make(key));
    }
    await made(make("block/tcp/1-10"));
    expect(await store.list("s", "block/")).toHaveLength(6);
  });
});
