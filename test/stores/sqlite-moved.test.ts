// A database that is moved away or removed while it is open: nobody is granted what nobody else can see.

import { copyFileSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "./folder.ts";
import { openStore } from "./sqlite.ts";

const CHANGE = { key: "port/a", ifRevision: 0, value: "A" };

describe.skipIf(process.platform === "win32")("a database that is in use", () => {
  it.each<[string, (path: string) => void]>([
    ["moved away", (path) => renameSync(path, `${path}.old`)],
    ["removed", (path) => rmSync(path)],
    ["removed with its folder", (path) => rmSync(join(path, ".."), { recursive: true })],
    [
      "replaced by a copy of itself",
      (path) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
    ],
  ])("and %s refuses every call as STORE_UNAVAILABLE, with what to do", async (_, disturb) => {
    const folder = temporaryFolder();
    const path = join(folder, "registry.db");
    const store = await openStore(folder);
    disturb(path);
    const refusal = {
      code: "STORE_UNAVAILABLE",
      path,
      message: expect.stringMatching(
        /moved or removed while it was in use; start this program again/u,
      ) as string,
    };
    await expect(store.commit("scope", [CHANGE])).rejects.toMatchObject(refusal);
    await expect(store.read("scope", ["port/a"])).rejects.toMatchObject(refusal);
    await expect(store.list("scope", "port/")).rejects.toMatchObject(refusal);
    await store.close();
  });

  it("serves again once it is back in its place, without what it refused", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "registry.db");
    const store = await openStore(folder);
    renameSync(path, `${path}.old`);
    await expect(store.commit("scope", [CHANGE])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    renameSync(`${path}.old`, path);
    expect(await store.list("scope", "port/")).toEqual([]);
    expect(await store.commit("scope", [CHANGE])).toMatchObject({ committed: true });
  });

  it("and replaced leaves the new one to those who open it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "registry.db");
    const old = await openStore(folder);
    for (const ending of ["", "-wal", "-shm"]) renameSync(path + ending, `${path}${ending}.old`);
    const fresh = await openStore(folder);
    const before = readFileSync(path);
    await expect(old.commit("scope", [CHANGE])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(readFileSync(path)).toEqual(before);
    expect(await fresh.list("scope", "port/")).toEqual([]);
    expect(await fresh.commit("scope", [CHANGE])).toMatchObject({ committed: true });
  });
});
