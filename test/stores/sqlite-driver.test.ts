// The driver: which one a runtime gets, that a process has one only, and what its errors mean.

import { join } from "node:path";
import { runInNewContext } from "node:vm";

import { describe, expect, it, vi } from "vitest";

import { hasQuietSqlite, loadDriver, resultCode, SQLITE, toText } from "../../src/stores/sqlite/driver.ts";
import { storeFailure } from "../../src/stores/sqlite/failure.ts";
import { temporaryFolder } from "./folder.ts";
import { openDatabase } from "./sqlite.ts";

describe("node:sqlite", () => {
  it.each([
    ["20.20.2", false],
    ["22.5.0", false],
    ["22.99.0", false],
    ["23.11.1", false],
    ["24.0.0", false],
    ["24.9.0", false],
    ["24.14.9", false],
    ["24.15.0", true],
    ["24.16.1", true],
    ["24.100.0", true],
    ["25.0.0", false],
    ["25.99.0", false],
    ["26.0.0", true],
    ["26.10.0-nightly20260101", true],
    ["100.0.0", true],
  ])("of Node %s is used: %s", (version, quiet) => {
    expect(hasQuietSqlite(version)).toBe(quiet);
  });
});

describe("the driver", () => {
  it("is the runtime's own where that is quiet, else libsql", () => {
    expect(loadDriver().name).toBe(hasQuietSqlite(process.versions.node) ? "node:sqlite" : "libsql");
  });

  it("is one object for all copies of the package in a process", async () => {
    const mine = loadDriver();
    vi.resetModules();
    const copy = await import("../../src/stores/sqlite/driver.ts");
    expect(copy.loadDriver).not.toBe(loadDriver);
    expect(copy.loadDriver()).toBe(mine);
  });

  it("is what was put under the symbol first", async () => {
    const key = Symbol.for("moorage.sqlite-driver");
    const shared = globalThis as { [key]?: unknown };
    const mine = loadDriver();
    const other = { name: "libsql", open: () => undefined };
    shared[key] = other;
    try {
      expect(loadDriver()).toBe(other);
    } finally {
      shared[key] = mine;
    }
  });
});

/** The result code that `action` fails with; 0 when it does not fail. */
function failureOf(action: () => unknown): number | undefined {
  try {
    action();
    return 0;
  } catch (error) {
    return resultCode(error);
  }
}

describe("the result code", () => {
  it.each<[string, unknown, number | undefined]>([
    ["of node:sqlite", Object.assign(new Error("locked"), { errcode: 5 }), SQLITE.BUSY],
    ["of libsql", Object.assign(new Error("locked"), { rawCode: 5 }), SQLITE.BUSY],
    ["with extended bits is its primary one", Object.assign(new Error("x"), { errcode: 517 }), SQLITE.BUSY],
    ["of a failed read", Object.assign(new Error("x"), { rawCode: 522 }), SQLITE.IOERR],
    [
      "of a failed open of libsql stands in its text",
      new Error('ConnectionFailed("Unable to open connection to local database /a: 14")'),
      SQLITE.CANTOPEN,
    ],
    ["of a path with a newline too", new Error('ConnectionFailed("database /a\nb: 14")'), SQLITE.CANTOPEN],
    ["of another realm", runInNewContext('Object.assign(new Error("locked"), { errcode: 5 })'), SQLITE.BUSY],
    ["is none for a text like it", new Error("something failed: 14"), undefined],
    ["is none for another error", Object.assign(new Error("x"), { code: "ENOENT", errno: -2 }), undefined],
    ["is none for a code that is no number", Object.assign(new Error("x"), { errcode: "5" }), undefined],
    ["is none for what is no Error", { errcode: 5 }, undefined],
    ["is none for nothing", undefined, undefined],
  ])("%s", (_, error, code) => {
    expect(resultCode(error)).toBe(code);
  });

  it("is found in what the driver of this runtime throws", () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.db");
    const [one, two] = [openDatabase(path), openDatabase(path)];
    one.exec("CREATE TABLE t (a); BEGIN IMMEDIATE");
    expect(failureOf(() => two.exec("BEGIN IMMEDIATE"))).toBe(SQLITE.BUSY);
    expect(failureOf(() => two.prepare("SELECT * FROM none"))).toBe(SQLITE.ERROR);
    expect(failureOf(() => openDatabase(join(folder, "none", "a.db")).exec("SELECT 1"))).toBe(
      SQLITE.CANTOPEN,
    );
    one.exec("ROLLBACK");
    one.close();
    two.close();
  });
});

describe("a text that was read as bytes", () => {
  it.each(["new Uint8Array([119, 101, 98])", "new Uint8Array([119, 101, 98]).buffer"])(
    "is read from those of another realm: %s",
    (bytes) => {
      expect(toText(runInNewContext(bytes) as Uint8Array | ArrayBuffer)).toBe("web");
    },
  );
});

describe("a failure of SQLite", () => {
  const path = "/state/registry.db";

  it.each([
    [SQLITE.NOTADB, "STORE_DAMAGED"],
    [SQLITE.CORRUPT, "STORE_DAMAGED"],
    [SQLITE.ERROR, "STORE_DAMAGED"],
    [SQLITE.FULL, "STORE_UNAVAILABLE"],
    [SQLITE.READONLY, "STORE_UNAVAILABLE"],
    [SQLITE.PERM, "STORE_UNAVAILABLE"],
    [SQLITE.CANTOPEN, "STORE_UNAVAILABLE"],
    [SQLITE.IOERR, "STORE_UNAVAILABLE"],
    [1234 << 8, "STORE_UNAVAILABLE"],
  ])("with code %i is %s, with the path and the cause", (rawCode, code) => {
    const cause = Object.assign(new Error("what SQLite said"), { rawCode });
    const failure = storeFailure(cause, path);
    expect(failure).toMatchObject({ code, path, cause });
    expect((failure as Error).message).toContain(path);
  });

  it("says in words that the disk is full", () => {
    const failure = storeFailure(Object.assign(new Error("x"), { rawCode: SQLITE.FULL }), path);
    expect((failure as Error).message).toBe(`the state in ${path} cannot be used: the disk is full`);
  });

  it("that is none is left as it is", () => {
    const error = new Error("another");
    expect(storeFailure(error, path)).toBe(error);
    expect(storeFailure("text", path)).toBe("text");
  });
});
