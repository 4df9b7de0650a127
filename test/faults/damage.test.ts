// A database that was cut off, overwritten, or made by somebody else: a clear error, or what is left of it; never
// a crash, never a port that a living process holds.

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { checkpoint, openDatabase } from "../stores/sqlite.ts";
import { rewriteSlots } from "./records.ts";
import { LONG_TEST_MS, scaled } from "./scale.ts";
import { Worker } from "./workers.ts";

const KEPT = 12;
const FREE = { ports: "16800-16809" };
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `name-${index}`);

/** What may be said of a database that is damaged under its users. */
const CLEAR = ["NO_PORT_AVAILABLE", "STORE_DAMAGED", "STORE_UNAVAILABLE", "STORE_BUSY"];

interface Outcome {
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
  readonly names?: readonly string[];
  readonly listed?: readonly number[];
  readonly granted?: readonly number[];
}

/** A state folder as a killed process left it: nearly all is in the log. Reservations in the order they were told. */
async function leftBehind(): Promise<string> {
  const directory = join(temporaryFolder(), "state");
  const worker = await Worker.open(directory);
  for (const [index, name] of names(KEPT).entries()) {
    await worker.acquire({ ports: 16810 + index, name, kept: true });
  }
  await worker.program.end();
  return directory;
}

function copyOf(directory: string, files: readonly string[] = ["registry.db", "registry.db-wal"]): string {
  const copy = join(temporaryFolder(), "state");
  mkdirSync(copy, { mode: 0o700 });
  for (const file of files) copyFileSync(join(directory, file), join(copy, file));
  return copy;
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

/** Bytes that are neither text nor zeros, the same in each run. */
function garbage(length: number, seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff));
}

/** What is wrong with an outcome: an error that says nothing to its user, or names that were not the first ones told. */
function wrongWith({ error, names: found = [] }: Outcome, what: string): string[] {
  if (error) {
    const isClear = error.name === "PortError" && error.code.startsWith("STORE_");
    return isClear ? [] : [`${what}: ${error.name} ${error.message}`];
  }
  const isBeginning = String(found.toSorted(byNumber)) === String(names(found.length));
  return isBeginning ? [] : [`${what}: ${String(found)}`];
}

async function tryOut(worker: Worker, directory: string): Promise<Outcome> {
  return (await worker.tell("tryOut", { directory, options: FREE })) as Outcome;
}

describe("a database, while nobody uses it,", () => {
  it(
    "whose log was cut off anywhere has what was told up to there",
    async () => {
      const directory = await leftBehind();
      const size = statSync(join(directory, "registry.db-wal")).size;
      const worker = await Worker.start();
      const wrong: string[] = [];
      const found = new Set<number>();
      for (let length = 0; length <= size; length += scaled(9001, 499)) {
        const copy = copyOf(directory);
        truncateSync(join(copy, "registry.db-wal"), length);
        const outcome = await tryOut(worker, copy);
        wrong.push(...wrongWith(outcome, `cut at ${length}`));
        if (outcome.names) found.add(outcome.names.length);
      }
      expect(wrong).toEqual([]);
      expect(found.size).toBeGreaterThan(2);
      const whole = await tryOut(worker, copyOf(directory));
      expect(whole.names?.toSorted(byNumber)).toEqual(names(KEPT));
    },
    LONG_TEST_MS,
  );

  it(
    "whose log was overwritten anywhere has what was told up to there",
    async () => {
      const directory = await leftBehind();
      const size = statSync(join(directory, "registry.db-wal")).size;
      const worker = await Worker.start();
      const wrong: string[] = [];
      for (let at = 0; at < size; at += scaled(9001, 499)) {
        const copy = copyOf(directory);
        overwrite(join(copy, "registry.db-wal"), at, garbage(600, at));
        wrong.push(...wrongWith(await tryOut(worker, copy), `overwritten at ${at}`));
      }
      expect(wrong).toEqual([]);
    },
    LONG_TEST_MS,
  );

  it(
    "whose file was cut off anywhere is refused",
    async () => {
      const directory = await leftBehind();
      checkpoint(join(directory, "registry.db"));
      const size = statSync(join(directory, "registry.db")).size;
      const worker = await Worker.start();
      const wrong: string[] = [];
      // Of one byte and of none it is new to SQLite.
      for (let length = 2; length < size; length += scaled(1999, 101)) {
        const copy = copyOf(directory, ["registry.db"]);
        truncateSync(join(copy, "registry.db"), length);
        const outcome = await tryOut(worker, copy);
        wrong.push(...wrongWith(outcome, `cut at ${length}`));
        if (!outcome.error) wrong.push(`cut at ${length}: opened`);
      }
      expect(wrong).toEqual([]);
    },
    LONG_TEST_MS,
  );

  it(
    "whose file was overwritten anywhere is refused, or still says what it can",
    async () => {
      const directory = await leftBehind();
      checkpoint(join(directory, "registry.db"));
      const size = statSync(join(directory, "registry.db")).size;
      const worker = await Worker.start();
      const wrong: string[] = [];
      let refusals = 0;
      for (let at = 0; at < size; at += scaled(1999, 101)) {
        const copy = copyOf(directory, ["registry.db"]);
        overwrite(join(copy, "registry.db"), at, garbage(600, at));
        const { error } = await tryOut(worker, copy);
        if (!error) continue;
        refusals++;
        wrong.push(...wrongWith({ error }, `overwritten at ${at}`));
      }
      expect(wrong).toEqual([]);
      expect(refusals).toBeGreaterThan(0);
    },
    LONG_TEST_MS,
  );
});

function byNumber(a: string, b: string): number {
  return Number(a.slice(5)) - Number(b.slice(5));
}

describe("a database that is damaged while processes use it", () => {
  const cutToNothing = [
    "its file cut to nothing",
    (directory: string) => truncateSync(join(directory, "registry.db"), 0),
  ] as const;
  const damages: readonly (readonly [string, (directory: string) => void])[] = [
    // Whoever opens it then waits for a lock for as long as one waits.
    ...scaled([], [cutToNothing]),
    ["its file cut in the middle", (directory) => truncateSync(join(directory, "registry.db"), 4096)],
    [
      "its file overwritten",
      (directory) => {
        const path = join(directory, "registry.db");
        writeFileSync(path, garbage(statSync(path).size, 1), { flag: "r+" });
      },
    ],
    ["its log cut to nothing", (directory) => truncateSync(join(directory, "registry.db-wal"), 0)],
    ["its log cut in the middle", (directory) => truncateSync(join(directory, "registry.db-wal"), 20_000)],
    [
      "its log overwritten",
      (directory) => {
        const path = join(directory, "registry.db-wal");
        writeFileSync(path, garbage(statSync(path).size, 1), { flag: "r+" });
      },
    ],
  ];

  it.each(damages)("%s: nobody is granted what another one holds, and nobody crashes", async (_, damage) => {
    const directory = join(temporaryFolder(), "state");
    const [holder, other] = [await Worker.open(directory), await Worker.open(directory)];
    const range = "16830-16849";
    const held = (await holder.acquire({ ports: range }, 10)).flatMap(({ ports }) => ports);
    await other.acquire({ ports: range }, 5);
    damage(directory);
    const late = await Worker.start();
    const takers = [
      holder.tell("acquireUntilRefused", { options: { ports: range }, most: 20 }),
      other.tell("acquireUntilRefused", { options: { ports: range }, most: 20 }),
      late.tell("tryOut", { directory, options: { ports: range } }),
    ];
    const outcomes = (await Promise.all(takers)) as Outcome[];
    const codes = outcomes.flatMap(({ error }) => (error ? [error.code] : []));
    expect(codes.filter((code) => !CLEAR.includes(code))).toEqual([]);
    // What each one was granted is guarded: all different, whatever the database says.
    const everything = (await Promise.all(
      [holder, other].map((worker) => worker.tell("ports")),
    )) as number[][];
    expect(everything[0]).toEqual(expect.arrayContaining(held));
    const all = [...everything.flat(), ...(outcomes[2]!.granted ?? [])];
    expect(all.toSorted((a, b) => a - b)).toEqual([...new Set(all)].toSorted((a, b) => a - b));
  });
});

describe("a record that is not JSON", () => {
  it.each(["port/tcp/16810", "name/name-0", "scope/default"])(
    "of %s is told as STORE_DAMAGED",
    async (key) => {
      const directory = await leftBehind();
      expect(rewriteSlots(directory, key, () => "no JSON")).toBe(1);
      const options = { ports: "16810-16821", name: "name-0", kept: true };
      const take = async (): Promise<unknown> => {
        await using registry = await open({ directory });
        return await registry.acquire(options);
      };
      await expect(take()).rejects.toMatchObject({ name: "PortError", code: "STORE_DAMAGED", path: key });
    },
  );
});

/** What opening a folder fails with. */
async function refused(directory: string): Promise<unknown> {
  return await open({ directory }).then(
    () => "opened",
    (error: unknown) => error,
  );
}

describe("a state folder is refused", () => {
  it("when a newer version made it, and is left as it is", async () => {
    const directory = await leftBehind();
    const path = join(directory, "registry.db");
    const database = openDatabase(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    checkpoint(path);
    const before = readFileSync(path);
    expect(await refused(directory)).toMatchObject({ code: "STORE_TOO_NEW", format: 99, path });
    expect(readFileSync(path)).toEqual(before);
  });

  it.skipIf(process.platform === "win32")("when others may write there", async () => {
    const directory = await leftBehind();
    chmodSync(directory, 0o770);
    expect(await refused(directory)).toMatchObject({ code: "STORE_UNAVAILABLE", path: directory });
    chmodSync(directory, 0o700);
    chmodSync(join(directory, "registry.db"), 0o666);
    expect(await refused(directory)).toMatchObject({ code: "STORE_UNAVAILABLE" });
    chmodSync(join(directory, "registry.db"), 0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    await (await open({ directory })).close();
  });

  it.skipIf(process.getuid?.() !== 0)("when it is another user's (needs root)", async () => {
    const directory = await leftBehind();
    chmodSync(directory, 0o755);
    chmodSync(join(directory, ".."), 0o755);
    const nobody = await Worker.start();
    await nobody.tell("become", { uid: 65534 });
    const answer = await nobody.tell("tryOut", { directory, options: FREE });
    expect(answer).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });
    expect((answer as { error: Error }).error.message).toContain(directory);
  });
});
