// What becomes of a damaged database: everything that can be read is in the new one, nothing is lost of the old
// one, and a token is never given twice.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Slot, Store } from "../../src/contract/index.ts";
import { systemClock } from "../../src/node/clock.ts";
import { inspect } from "../../src/stores/sqlite/inspect.ts";
import { ticksOf } from "../../src/stores/sqlite/revisions.ts";
import { salvage } from "../../src/stores/sqlite/salvage.ts";
import { startChild } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { checkpoint, openDatabase, openStore } from "./sqlite.ts";

const PAGE = 4096;
const NOW = Date.UTC(2026, 10, 22, 18, 45);
const KEYS = Array.from({ length: 400 }, (_, index) => `port/tcp/${20_000 + index}`);
const valueOf = (key: string): string => JSON.stringify({ key, text: "ä".repeat(100) });

interface Made {
  readonly directory: string;
  readonly path: string;
  readonly log: string;
  /** The revision of the last commit. */
  readonly revision: number;
}

/** Fills a database, with all of it in the log or in the file. */
async function fill({ inLog }: { readonly inLog: boolean }): Promise<Made> {
  const directory = temporaryFolder();
  const path = join(directory, "registry.db");
  const store = await openStore(directory);
  let revision = 0;
  const put = async (key: string, value: string | null, ifRevision = 0): Promise<void> => {
    const commit = await store.commit("scope", [{ key, ifRevision, value }]);
    if (!commit.committed) throw new Error(`not committed: ${key}`);
    ({ revision } = commit.token);
  };
  for (const key of KEYS) await put(key, "old");
  const former = await store.list("scope", "port/");
  for (const slot of former) await put(slot.key, valueOf(slot.key), slot.revision);
  await put("port/udp/1", "gone");
  await put("port/udp/1", null, revision);
  // Longer than a page: it goes on in others.
  await put("queue", "w".repeat(3 * PAGE));
  // SQLite can put the log into the file when the last connection is closed.
  const files = new Map([path, `${path}-wal`].map((file) => [file, readFileSync(file)]));
  await store.close();
  if (!inLog) {
    checkpoint(path);
    files.set(path, readFileSync(path));
    files.delete(`${path}-wal`);
  }
  // As other programs have left it: nothing that a connection of this process still has open.
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  for (const [file, bytes] of files) writeFileSync(file, bytes, { mode: 0o600 });
  return { directory, path, log: `${path}-wal`, revision };
}

async function slotsIn(directory: string): Promise<{ store: Store; slots: Slot[] }> {
  const store = await openStore(directory);
  return { store, slots: [...(await store.list("scope", "port/")), ...(await store.list("scope", "queue"))] };
}

function repaired(path: string, now = NOW): ReturnType<typeof salvage> {
  return salvage(path, { boot: "boot-1", ticks: ticksOf(systemClock), now });
}

/** Writes `length` bytes of garbage at `offset`. */
function spoil(path: string, offset: number, length: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, offset, offset + length);
  writeFileSync(path, bytes);
}

describe("an undamaged database, read without SQLite,", () => {
  it.each([true, false])("gives every slot as it was last committed (in the log: %s)", async (inLog) => {
    const { directory, path, revision } = await fill({ inLog });
    expect(repaired(path)).toMatchObject({ slots: KEYS.length + 1, epoch: Math.floor(NOW / 1000) });
    const { store, slots } = await slotsIn(directory);
    expect(slots.map(({ key, value }) => [key, value])).toEqual([
      ...KEYS.map((key) => [key, valueOf(key)]),
      ["queue", "w".repeat(3 * PAGE)],
    ]);
    const commit = await store.commit("scope", [{ key: "name/x", ifRevision: 0, value: "x" }]);
    expect(commit).toMatchObject({ committed: true, token: { epoch: Math.floor(NOW / 1000) } });
    expect(commit.committed && commit.token.revision).toBeGreaterThan(revision);
  });
});

describe("a database that was cut off", () => {
  it.each([
    0, 1, 50, 99, 100, 101, 1000, 3000, 4095, 4096, 4097, 8192, 10_000, 20_480, 40_000, 61_440, 81_000,
  ])("at %i bytes is damaged, and gives what stood before", async (length) => {
    const { directory, path } = await fill({ inLog: false });
    expect(statSync(path).size).toBeGreaterThan(81_920);
    truncateSync(path, length);
    const { state } = inspect(directory);
    // Of an empty file nothing can be told; SQLite takes one byte for none.
    expect(state).toBe(length <= 1 ? "missing" : "damaged");
    const { slots: count, epoch } = repaired(path);
    expect(epoch).toBe(Math.floor(NOW / 1000));
    expect(inspect(directory).state).toBe("usable");
    const { store, slots } = await slotsIn(directory);
    expect(slots).toHaveLength(count);
    for (const { key, value } of slots.filter((slot) => slot.key !== "queue")) {
      expect([valueOf(key), "old", "gone"]).toContain(value);
    }
    // Each whole page but the first two has a dozen rows.
    expect(count).toBeGreaterThanOrEqual(Math.max(0, Math.floor(length / PAGE) - 6) * 8);
    const commit = await store.commit("scope", [{ key: "name/x", ifRevision: 0, value: "x" }]);
    expect(commit).toMatchObject({ committed: true, token: { epoch } });
  });

  it.each([
    [0, 0],
    [1, 0],
    [31, 0],
    [32, 0],
    [100, 0],
    [5000, 0],
    [50_000, 10],
  ])("gives what its log has, cut off at %i too", async (length, least) => {
    const { directory, path, log } = await fill({ inLog: true });
    truncateSync(log, length);
    truncateSync(path, 10);
    expect(inspect(directory).state).toBe("damaged");
    const { slots } = repaired(path);
    expect(slots).toBeGreaterThanOrEqual(least);
    expect((await slotsIn(directory)).slots).toHaveLength(slots);
  });
});

describe("garbage", () => {
  it("in one page of many costs the rows of that page, and no others", async () => {
    const { directory, path } = await fill({ inLog: false });
    const pages = statSync(path).size / PAGE;
    for (let page = 0; page < pages; page++) {
      const other = await copyOf(directory);
      spoil(other.path, page * PAGE, PAGE);
      const { slots } = repaired(other.path);
      expect([page, slots]).toEqual([page, expect.closeTo(KEYS.length, -2)]);
      expect(slots).toBeGreaterThan(KEYS.length - 40);
    }
  });

  it("in a page that has no rows of this time is of no account", async () => {
    const { directory, path } = await fill({ inLog: false });
    spoil(path, 0, PAGE);
    expect(inspect(directory).state).toBe("damaged");
    expect(repaired(path).slots).toBe(KEYS.length + 1);
    expect((await slotsIn(directory)).slots).toHaveLength(KEYS.length + 1);
  });

  it.each([1, 2, 3])(
    "strewn over the file never makes the repair fail, nor a value that never was (%i)",
    async (seed) => {
      const { directory, path } = await fill({ inLog: false });
      const bytes = readFileSync(path);
      let state = seed * 7919;
      const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
      for (let time = 0; time < 300; time++) bytes[random(bytes.length)] = random(256);
      writeFileSync(path, bytes);
      repaired(path);
      const { slots } = await slotsIn(directory);
      expect(slots.length).toBeGreaterThan(KEYS.length / 4);
    },
  );

  it("that is no database at all is moved aside as it is", () => {
    const directory = temporaryFolder();
    const path = join(directory, "registry.db");
    writeFileSync(path, "garbage ".repeat(2000), { mode: 0o600 });
    expect(inspect(directory).state).toBe("damaged");
    const { slots, aside } = repaired(path);
    expect([slots, aside]).toEqual([0, [`${path}.damaged-20261122T184500Z`]]);
    expect(readFileSync(aside[0]!, "utf8")).toBe("garbage ".repeat(2000));
  });

  it("in the log hides the commits behind it from SQLite: it is told, and salvaged they are back", async () => {
    const { directory, path, log } = await fill({ inLog: true });
    expect(inspect(directory).findings.map(({ check }) => check)).not.toContain("log");
    spoil(log, 32 + 5 * (PAGE + 24), 100);
    const { state, findings } = inspect(directory);
    expect(state).toBe("usable");
    expect(findings.find(({ check }) => check === "log")).toMatchObject({
      state: "warning",
      message: expect.stringMatching(/\d+ of the last commits are lost/u) as string,
    });
    expect(repaired(path).slots).toBe(KEYS.length + 1);
  });

  it("in the first bytes of the log hides all of it", async () => {
    const { directory, log } = await fill({ inLog: true });
    spoil(log, 0, 8);
    const { findings } = inspect(directory);
    expect(findings.some(({ check, state }) => check === "log" || state === "problem")).toBe(true);
    expect(repaired(join(directory, "registry.db")).slots).toBe(KEYS.length + 1);
  });
});

async function copyOf(directory: string): Promise<{ readonly path: string }> {
  const copy = temporaryFolder();
  const path = join(copy, "registry.db");
  writeFileSync(path, readFileSync(join(directory, "registry.db")), { mode: 0o600 });
  return { path };
}

describe("the old database", () => {
  it("stands beside the new one with its log, byte by byte, and a second one beside the first", async () => {
    const { directory, path, log } = await fill({ inLog: true });
    const [file, logFile] = [readFileSync(path), readFileSync(log)];
    const first = repaired(path);
    expect(first.aside).toEqual([`${path}.damaged-20261122T184500Z`, `${path}.damaged-20261122T184500Z-wal`]);
    expect(readFileSync(first.aside[0]!).equals(file)).toBe(true);
    expect(readFileSync(first.aside[1]!).equals(logFile)).toBe(true);
    expect(repaired(path).aside).toEqual([`${path}.damaged-20261122T184500Z-2`]);
    expect(readdirSync(directory).toSorted()).toEqual([
      "registry.db",
      "registry.db.damaged-20261122T184500Z",
      "registry.db.damaged-20261122T184500Z-2",
      "registry.db.damaged-20261122T184500Z-wal",
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("that is gone and left its log is made anew from it", async () => {
    const { directory, path } = await fill({ inLog: true });
    rmSync(path);
    expect(inspect(directory).state).toBe("damaged");
    expect(repaired(path).slots).toBeGreaterThan(100);
  });
});

describe("epochs", () => {
  it("go up with every repair, whatever the clock says", async () => {
    const { path } = await fill({ inLog: false });
    const epochs = [NOW, NOW, 0, NOW - 1e9].map((now) => repaired(path, now).epoch);
    expect(epochs).toEqual([0, 1, 2, 3].map((more) => Math.floor(NOW / 1000) + more));
  });
});

describe("a repair that was broken off", () => {
  it.each([
    ["before the log was moved", (made: Made, aside: string) => renameSync(`${aside}-wal`, made.log)],
    ["before the new database was in place", () => undefined],
  ])("%s keeps everybody out, and is taken up again", async (_, undo) => {
    const before = await fill({ inLog: true });
    const { directory, path } = before;
    // A folder in the way of the new database ends the repair there.
    mkdirSync(`${path}.new`);
    expect(() => repaired(path)).toThrow(`the state in ${path} cannot be used: `);
    const aside = `${path}.damaged-20261122T184500Z`;
    undo(before, aside);
    rmSync(`${path}.new`, { recursive: true });
    await expect(openStore(directory)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(inspect(directory)).toMatchObject({ state: "damaged" });
    expect(inspect(directory).findings.at(-1)!.message).toContain("a repair of it was broken off");
    expect(repaired(path)).toMatchObject({
      slots: KEYS.length + 1,
      aside: expect.arrayContaining([aside, `${aside}-wal`]) as string[],
    });
    expect((await slotsIn(directory)).slots).toHaveLength(KEYS.length + 1);
  });
});

describe("a look at a folder", () => {
  it("changes nothing in it, whatever there is", async () => {
    const whole = await fill({ inLog: false });
    const cases: ((path: string) => void)[] = [
      () => undefined,
      (path) => truncateSync(path, 5000),
      (path) => truncateSync(path, 0),
      (path) => spoil(path, 0, 200),
      (path) => spoil(path, 3 * PAGE, PAGE),
      (path) => rmSync(path),
    ];
    for (const damage of cases) {
      const directory = temporaryFolder();
      const path = join(directory, "registry.db");
      writeFileSync(path, readFileSync(whole.path));
      damage(path);
      const content = (): unknown[] =>
        readdirSync(directory).map((name) => [
          name,
          readFileSync(join(directory, name), "latin1"),
          statSync(join(directory, name)).mtimeMs,
        ]);
      const before = content();
      inspect(directory);
      expect(content()).toEqual(before);
    }
  });

  it("makes no folder", () => {
    const directory = join(temporaryFolder(), "none");
    expect(inspect(directory)).toMatchObject({
      state: "missing",
      findings: [{ check: "folder", state: "ok" }],
    });
    expect(existsSync(directory)).toBe(false);
  });

  it("names the processes that have the database open", async () => {
    const { directory, path } = await fill({ inLog: false });
    const child = startChild("registry/worker.mjs");
    child.send({ action: "open", directory });
    await child.next();
    const { users, findings } = inspect(directory);
    expect(users).toEqual({ pids: [child.pid], isGuess: false });
    expect(findings.find(({ check }) => check === "database")?.message).toContain(
      `open in process ${child.pid}`,
    );
    await child.end();
    expect(inspect(directory).users.pids).toEqual([]);
    expect(path).toContain(directory);
  });

  it.each([
    [0o700, "ok", 0],
    [0o750, "warning", 1],
    [0o777, "problem", 1],
  ])("says of a folder with mode %o: %s", (mode, state, count) => {
    const directory = temporaryFolder();
    chmodSync(directory, mode);
    const { findings, modes } = inspect(directory);
    expect(findings[0]).toMatchObject({ check: "folder", state });
    expect(modes).toHaveLength(count);
  });

  it.each([
    ["a database of another program", "CREATE TABLE notes (text TEXT)", "another program"],
    ["the same with a format", "CREATE TABLE notes (text TEXT); PRAGMA user_version = 1", "another program"],
    ["a newer version's", "CREATE TABLE things (x); PRAGMA user_version = 99", "a newer version's"],
  ])("tells %s from a damaged one", (_, sql, words) => {
    const directory = temporaryFolder();
    const path = join(directory, "registry.db");
    const database = openDatabase(path);
    database.exec(sql);
    database.close();
    const { state, findings } = inspect(directory);
    expect(state).toBe("foreign");
    expect(findings.at(-1)).toMatchObject({
      check: "database",
      state: "problem",
      message: expect.stringContaining(words) as string,
    });
  });

  it("says so when a file is in the place of the folder, or a folder in that of the database", () => {
    const directory = temporaryFolder();
    writeFileSync(join(directory, "file"), "");
    expect(inspect(join(directory, "file"))).toMatchObject({ state: "unusable" });
    mkdirSync(join(directory, "registry.db"));
    expect(inspect(directory)).toMatchObject({ state: "unusable" });
  });
});
