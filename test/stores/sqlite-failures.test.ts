// What a user is told whose state folder or database cannot be used; nothing is changed by the attempt.

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
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

import { PortError } from "../../src/core/index.ts";
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

const NOBODY = 65534;

async function openAsNobody(folder: string): Promise<unknown> {
  return await startChild("stores/as-nobody.mjs", folder).next();
}

/** A folder inside one that everybody can enter. */
function folderInside(mode: number, owner: number): string {
  const outer = temporaryFolder();
  chmodSync(outer, 0o755);
  const folder = join(outer, "state");
  mkdirSync(folder);
  chmodSync(folder, mode);
  chownSync(folder, owner, owner);
  return folder;
}

describe("a new state folder", () => {
  it("is made with the folders above it, for its owner alone", async () => {
    const folder = join(temporaryFolder(), "a", "b c", "🚢");
    await openStore(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of ["registry.db", "registry.db-wal"]) {
      expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600]);
    }
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
        message: `the state in ${folder} cannot be used: no folder can be made there; name another folder by \`directory\`, or by MOORAGE_DIR in the environment`,
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

describe.skipIf(!getuid)(
  "what other users may write is refused as STORE_UNAVAILABLE, with what to do,",
  () => {
    it.each([0o777, 0o770, 0o722, 0o702, 0o1777])("when it is the folder, with mode %o", async (mode) => {
      const folder = join(temporaryFolder(), "open");
      mkdirSync(folder);
      chmodSync(folder, mode);
      await expect(openStore(folder)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        path: folder,
        message:
          `the state in ${folder} cannot be used: other users may write there ` +
          `(its mode is ${(mode & 0o777).toString(8)}); run \`chmod 700 ${folder}\``,
      });
      expect(readdirSync(folder)).toEqual([]);
    });

    it.each([0o666, 0o620, 0o602])("when it is the database, with mode %o", async (mode) => {
      const { folder, path } = folderWith(await wholeDatabase());
      chmodSync(path, mode);
      await expect(openStore(folder)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        path,
        message: expect.stringContaining(`run \`chmod 600 ${path}\``) as string,
      });
      chmodSync(path, 0o600);
      expect(await (await openStore(folder)).list("scope", "port/")).toHaveLength(50);
    });
  },
);

// Only root can become another user.
describe.skipIf(getuid?.() !== 0)("another user's state is refused as STORE_UNAVAILABLE,", () => {
  it("and a user's own is not", async () => {
    expect(await openAsNobody(folderInside(0o700, NOBODY))).toEqual({ opened: true });
    expect(await openAsNobody(folderInside(0o755, NOBODY))).toEqual({ opened: true });
  });

  it.each(["777", "755", "700", "000"])("when the folder has mode %s", async (mode) => {
    const folder = folderInside(Number.parseInt(mode, 8), 0);
    expect(await openAsNobody(folder)).toMatchObject({
      code: "STORE_UNAVAILABLE",
      path: folder,
      message: `the state in ${folder} cannot be used: it belongs to the user with id 0, and this is user ${NOBODY}; use a state folder of your own`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("to root as well", async () => {
    const folder = folderInside(0o700, NOBODY);
    await expect(openStore(folder)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", path: folder });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("when the folder would have to be made where this user may not", async () => {
    const folder = join(folderInside(0o755, 0), "below");
    expect(await openAsNobody(folder)).toMatchObject({
      code: "STORE_UNAVAILABLE",
      path: folder,
      message: `the state in ${folder} cannot be used: this user may not write there; name another folder by \`directory\`, or by MOORAGE_DIR in the environment`,
    });
  });

  it("when this user may not write into a folder of its own", async () => {
    const folder = folderInside(0o555, NOBODY);
    expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path: folder });
  });

  it.each([0o644, 0o600])("when only the database is another's, with mode %o", async (mode) => {
    const folder = folderInside(0o700, NOBODY);
    const path = join(folder, "registry.db");
    const bytes = await wholeDatabase();
    writeFileSync(path, bytes);
    chmodSync(path, mode);
    expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path });
    expect(readFileSync(path)).toEqual(bytes);
  });

  it("when the database can be read but not written", async () => {
    const folder = folderInside(0o700, NOBODY);
    const path = join(folder, "registry.db");
    const bytes = await wholeDatabase();
    writeFileSync(path, bytes);
    chmodSync(path, 0o400);
    chownSync(path, NOBODY, NOBODY);
    expect(await openAsNobody(folder)).toMatchObject({ code: "STORE_UNAVAILABLE", path });
    expect(readFileSync(path)).toEqual(bytes);
  });
});

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
    await expect(openStore(folder)).rejects.toThrow("`moorage doctor --repair` saves what can be read");
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

/** Multiples of 512 and some that are not. */
function lengths(size: number): number[] {
  const odd = Array.from({ length: 10 }, () => Math.floor(Math.random() * size));
  return [...Array.from({ length: Math.ceil(size / 512) }, (_, index) => index * 512), ...odd];
}

describe("a database or its log that was cut off or overwritten anywhere", () => {
  const VALUE = "v".repeat(400);
  const KEYS = Array.from({ length: 60 }, (_, index) => `k/${index}`);

  interface Files {
    readonly database: Buffer;
    readonly log: Buffer;
    /** The revision of the commit that is in the database, and not only in the log. */
    readonly first: number;
  }

  /** The files of a database whose newest commits are only in the log. */
  async function files(): Promise<Files> {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    await store.commit(
      "scope",
      KEYS.map((key) => ({ key, ifRevision: 0, value: VALUE })),
    );
    const first = (await store.read("scope", KEYS)).get(KEYS[0]!)!.revision;
    checkpoint(join(folder, "registry.db"));
    for (const key of KEYS.slice(0, 5)) {
      await store.commit("scope", [{ key, ifRevision: first, value: `${VALUE}2` }]);
    }
    const path = join(folder, "registry.db");
    return { database: readFileSync(path), log: readFileSync(`${path}-wal`), first };
  }

  /** Whether all that is read was once committed, and a new commit is told right; a PortError is right too. */
  async function use({ database, log, first }: Files): Promise<"served" | "refused"> {
    const { folder, path } = folderWith(database);
    writeFileSync(`${path}-wal`, log);
    try {
      const store = await openStore(folder);
      try {
        const slots = await store.list("scope", "k/");
        // An empty file is a new database; of any other nothing may be missing.
        expect(slots).toHaveLength(database.length > 0 ? KEYS.length : 0);
        for (const { key, revision, value } of slots) {
          expect(KEYS).toContain(key);
          expect(value).toBe(revision === first ? VALUE : `${VALUE}2`);
        }
        const before = (await store.read("scope", ["k/new"])).get("k/new");
        const commit = await store.commit("scope", [
          { key: "k/new", ifRevision: before?.revision ?? 0, value: "new" },
        ]);
        expect(commit).toMatchObject({ committed: true });
        expect((await store.read("scope", ["k/new"])).get("k/new")?.value).toBe("new");
        return "served";
      } finally {
        await store.close();
      }
    } catch (error) {
      if (!PortError.is(error)) throw error;
      return "refused";
    }
  }

  it("gives right data or a PortError when the database ends at any length", async () => {
    const { database, log, first } = await files();
    const none = Buffer.alloc(0);
    for (const length of lengths(database.length)) {
      await use({ database: database.subarray(0, length), log: none, first });
      await use({ database: database.subarray(0, length), log, first });
    }
    expect(await use({ database, log, first })).toBe("served");
  });

  it("gives right data when the log ends at any length: what it lost was not synced", async () => {
    const { database, log, first } = await files();
    for (const length of lengths(log.length)) {
      expect([length, await use({ database, log: log.subarray(0, length), first })]).toEqual([
        length,
        "served",
      ]);
    }
  });

  it("gives right data or a PortError when a page of it is garbage", async () => {
    const { database, log, first } = await files();
    const garbage = randomBytes(4096);
    for (let at = 0; at < database.length; at += 4096) {
      const bytes = Buffer.from(database);
      garbage.copy(bytes, at);
      await use({ database: bytes, log: Buffer.alloc(0), first });
    }
    for (let at = 0; at < log.length; at += 4096) {
      const bytes = Buffer.from(log);
      garbage.copy(bytes, at);
      expect(await use({ database, log: bytes, first })).toBe("served");
    }
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

describe("a text whose bytes were overwritten", () => {
  it("is read with what is no text replaced, and ends no process", async () => {
    const folder = temporaryFolder();
    const store = await openStore(folder);
    await store.commit("scope", [{ key: "port/a", ifRevision: 0, value: "{}" }]);
    const database = openDatabase(join(folder, "registry.db"));
    database.exec("UPDATE slot SET value = CAST(x'7ba5a57d' AS TEXT)");
    database.exec("UPDATE epoch SET boot = CAST(x'a5a5' AS TEXT)");
    database.close();
    const value = "{\ufffd\ufffd}";
    expect((await store.read("scope", ["port/a"])).get("port/a")).toMatchObject({ value });
    expect(await store.list("scope", "port/")).toMatchObject([{ key: "port/a", value }]);
    for await (const { slots } of store.watch("scope")) {
      expect(slots).toMatchObject([{ value }]);
      break;
    }
    expect((await openStore(folder)).epoch).toBe(2);
  });
});
