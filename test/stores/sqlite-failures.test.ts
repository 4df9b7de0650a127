// What a user is told whose state folder or database cannot be used; nothing is changed by the attempt.

import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { getuid } from "node:process";

import { describe, expect, it } from "vitest";

import { startChild } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { checkpoint, openDatabase, openStore } from "./sqlite.ts";

/** A database as Moorage wrote it, all of it in one file. */
async function wholeDatabase(): Promise<Buffer> {
  const folder = temporaryFolder();
  const store = await openStore(folder);
  const value = "v".repeat(500);
  const keys = Array.from({ length: 50 }, (_, index) => `port/tcp/${index + 1}`);
  await store.commit(
    "scope",
    keys.map((key) => ({ key, ifRevision: 0, value })),
  );
  await store.close();
  checkpoint(join(folder, "registry.db"));
  return readFileSync(join(folder, "registry.db"));
}

/** A folder whose registry.db has these bytes. */
function folderWith(bytes: Buffer | string): { folder: string; path: string } {
  const folder = temporaryFolder();
  const path = join(folder, "registry.db");
  writeFileSync(path, bytes);
  return { folder, path };
}

async function openAsNobody(folder: string): Promise<unknown> {
  return await startChild("stores/as-nobody.mjs", folder).next();
}

/** A folder inside one that everybody can enter. */
function folderInside(mode: number): string {
  const outer = temporaryFolder();
  chmodSync(outer, 0o755);
  const folder = join(outer, "state");
  mkdirSync(folder);
  chmodSync(folder, mode);
  return folder;
}

describe("a new state folder", () => {
  it("is made with the folders above it, for its owner alone", async () => {
    const folder = join(temporaryFolder(), "a", "b c", "🚢");
    await openStore(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toContain("registry.db");
  });

  it("keeps the mode that it had", async () => {
    const folder = join(temporaryFolder(), "open");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    await openStore(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  it("can be reached by a link", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "link"));
    await openStore(join(folder, "link"));
    expect(readdirSync(join(folder, "real"))).toContain("registry.db");
  });
});

describe("a state folder is refused as STORE_UNAVAILABLE, with its path,", () => {
  const cases: readonly (readonly [string, (folder: string) => string])[] = [
    [
      "when it is a file",
      (folder) => {
        writeFileSync(join(folder, "file"), "keep");
        return join(folder, "file");
      },
    ],
    [
      "when a folder above it is a file",
      (folder) => {
        writeFileSync(join(folder, "file"), "keep");
        return join(folder, "file", "below");
      },
    ],
    [
      "when it is a link to nothing",
      (folder) => {
        symlinkSync("nowhere", join(folder, "link"));
        return join(folder, "link");
      },
    ],
    [
      "when it is a link to itself",
      (folder) => {
        symlinkSync("loop", join(folder, "loop"));
        return join(folder, "loop");
      },
    ],
    ["when its name is too long", (folder) => join(folder, "x".repeat(300))],
    ["when its name has a NUL", (folder) => join(folder, "a\0b")],
  ];

  it.each(cases)("%s", async (_, arrange) => {
    const folder = temporaryFolder();
    const path = arrange(folder);
    const before = readdirSync(folder);
    await expect(openStore(path)).rejects.toMatchObject({
      name: "PortError",
      code: "STORE_UNAVAILABLE",
      path,
      message: expect.stringContaining(path) as string,
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it.skipIf(process.platform !== "linux").each(["/proc/moorage-nope", "/proc/moorage-nope/below"])(
    "when no folder can be made at %s",
    async (folder) => {
      expect(await startChild("stores/open-folder.mjs", folder).next()).toEqual({
        code: "STORE_UNAVAILABLE",
        message: `the state in ${folder} cannot be used: no folder can be made there`,
        path: folder,
      });
    },
  );

  it("when the database in it is a folder", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "registry.db");
    mkdirSync(path);
    await expect(openStore(folder)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", path });
  });
});

// Root may write everywhere, and only root can become another user.
describe.skipIf(getuid?.() !== 0)(
  "a user without permission is told STORE_UNAVAILABLE, with the path,",
  () => {
    it("unless everything is in order", async () => {
      expect(await openAsNobody(folderInside(0o777))).toEqual({ opened: true });
    });

    it.each(["755", "700", "000", "555"])("when the folder has mode %s and is another's", async (mode) => {
      const folder = folderInside(Number.parseInt(mode, 8));
      const answer = await openAsNobody(folder);
      expect(answer).toMatchObject({ code: "STORE_UNAVAILABLE", path: folder });
      expect((answer as Error).message).toContain(`${folder} cannot be used: this user may not write there`);
      expect(readdirSync(folder)).toEqual([]);
    });

    it("when the folder would have to be made where this user may not", async () => {
      const folder = join(folderInside(0o755), "below");
      expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path: folder });
    });

    it("when the database can be read but not written", async () => {
      const folder = folderInside(0o777);
      const path = join(folder, "registry.db");
      const bytes = await wholeDatabase();
      writeFileSync(path, bytes);
      chmodSync(path, 0o444);
      expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path });
      expect(readFileSync(path)).toEqual(bytes);
    });

    it("when the database cannot even be read", async () => {
      const folder = folderInside(0o777);
      const path = join(folder, "registry.db");
      writeFileSync(path, "");
      chmodSync(path, 0o600);
      expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path });
    });
  },
);

describe("a database is refused as STORE_DAMAGED, with its path, and left as it is,", () => {
  it.each([
    ["garbage", Buffer.from("garbage ".repeat(2000))],
    ["a short text", Buffer.from("hello")],
    ["zeros", Buffer.alloc(8192)],
  ])("when it is %s", async (_, bytes) => {
    const { folder, path } = folderWith(bytes);
    await expect(openStore(folder)).rejects.toMatchObject({
      code: "STORE_DAMAGED",
      path,
      message: expect.stringContaining(path) as string,
    });
    await expect(openStore(folder)).rejects.toThrow(
      "stop all programs that use it, then move registry.db, registry.db-wal and registry.db-shm away",
    );
    expect(readFileSync(path)).toEqual(bytes);
  });

  it("when it has lost its end", async () => {
    const bytes = await wholeDatabase();
    expect(bytes.length).toBeGreaterThan(3 * 4096);
    for (const length of [50, 100, 3000, 4096, 2 * 4096, bytes.length - 4096]) {
      const { folder, path } = folderWith(bytes.subarray(0, length));
      const use = async (): Promise<unknown> => await (await openStore(folder)).list("scope", "port/");
      expect([length, await use().catch((error: unknown) => error)]).toMatchObject([
        length,
        { code: "STORE_DAMAGED", path },
      ]);
    }
  });

  it("when its pages were overwritten", async () => {
    const bytes = await wholeDatabase();
    bytes.fill(0xa5, 4096);
    const { folder, path } = folderWith(bytes);
    const use = async (): Promise<unknown> => await (await openStore(folder)).list("scope", "port/");
    await expect(use()).rejects.toMatchObject({ code: "STORE_DAMAGED", path });
  });

  it.each([0, 1])("when another program made it, with user_version %i", async (version) => {
    const { folder, path } = folderWith("");
    const database = openDatabase(path);
    database.exec(`CREATE TABLE notes (text TEXT); PRAGMA user_version = ${version}`);
    database.close();
    await expect(openStore(folder)).rejects.toMatchObject({ code: "STORE_DAMAGED", path });
    expect(openDatabase(path).prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "notes" }]);
  });
});

describe("a database of a newer version", () => {
  it.each(["DELETE", "WAL"])(
    "in journal mode %s is refused as STORE_TOO_NEW, and not a byte of it changes",
    async (mode) => {
      const { folder, path } = folderWith("");
      const database = openDatabase(path);
      database.exec(`PRAGMA journal_mode = ${mode}`);
      database.exec("CREATE TABLE things (id INTEGER PRIMARY KEY); PRAGMA user_version = 99");
      database.close();
      checkpoint(path);
      const before = readFileSync(path);
      await expect(openStore(folder)).rejects.toMatchObject({
        code: "STORE_TOO_NEW",
        path,
        format: 99,
        supported: 1,
        message: expect.stringMatching(/format 99.* up to 1: use the newer version/u) as string,
      });
      expect(readFileSync(path)).toEqual(before);
    },
  );
});
