// A disk that is full, or a folder that cannot be written: a clear error, nothing granted that is not recorded,
// and all is well when there is room again.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { canRun } from "./programs.ts";
import { LONG_TEST_MS, scaled } from "./scale.ts";
import { type Place, Worker } from "./workers.ts";

const PAGE = 4096;
const OPTIONS = { ports: "16500-16799" };

interface Told {
  readonly told: readonly string[];
  readonly error?: { readonly code: string; readonly name: string; readonly message: string };
}

const FULL = { name: "PortError", code: "STORE_UNAVAILABLE" };

interface Fullness {
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

interface Report {
  readonly errors: readonly string[];
  /** Leases that were told and are not in the list. */
  readonly missing: readonly string[];
  /** Whether the lease that was released is still in the list. */
  readonly isReleasedListed: boolean;
  readonly isReleased: boolean;
  /** Whether all that was told could be given back when there was room. */
  readonly isReleasedAgain: boolean;
  /** Ports of leases that nobody was told of. */
  readonly leftOver: number;
  /** Ports that can be had again when all was given back. */
  readonly free: number;
}

/** Takes ports until the disk is full, makes room, and looks what there is. */
async function fillUp(worker: Worker, { begin, end }: Fullness): Promise<Report> {
  const [before] = await worker.acquire(OPTIONS);
  await begin();
  const { told, error } = (await worker.tell("acquireUntilRefused", { options: OPTIONS, most: 290 })) as Told;
  const refusal = await worker.tell("release", { lease: before!.lease }).then(
    () => undefined,
    (failure: Told["error"]) => failure,
  );
  await end();
  const listed = new Set((await worker.list()).map(({ id }) => id));
  await worker.tell("releaseAll");
  // What could not be given back while the disk was full ends with its process.
  const rest = await worker.list();
  const left = rest.flatMap(({ ports }) => ports).length;
  const all = await worker.acquire({ ...OPTIONS, count: 300 - left });
  await worker.tell("releaseAll");
  return {
    errors: [error, refusal].flatMap((one) => (one ? [`${one.name} ${one.code}`] : [])),
    missing: told.filter((id) => !listed.has(id)),
    isReleased: refusal === undefined,
    isReleasedListed: listed.has(before!.id),
    isReleasedAgain: !rest.some(({ id }) => id === before!.id || told.includes(id)),
    leftOver: left,
    free: all[0]!.ports.length + left,
  };
}

/** What is wrong with a report. */
function wrongWith(report: Report): string[] {
  const { errors, missing, isReleased, isReleasedListed, isReleasedAgain, leftOver, free } = report;
  const unclear = errors.filter((error) => error !== "PortError STORE_UNAVAILABLE");
  return [
    ...(errors.length === 0 ? ["the disk was not full"] : unclear),
    ...missing.map((id) => `${id} was told and is gone`),
    ...(isReleased === isReleasedListed ? ["what a release said is not so"] : []),
    ...(isReleasedAgain ? [] : ["what was told could not be given back"]),
    // The one request that failed can leave its claim behind.
    ...(leftOver > 1 ? [`${leftOver} ports left over`] : []),
    ...(free === 300 ? [] : [`${free} ports of 300`]),
  ];
}

function onSmallDisk(folder: string): Place {
  return ["unshare", "--mount", "sh", "-c", `mount -t tmpfs -o size=16m none ${folder} && exec "$@"`, "sh"];
}

describe("a disk that is full", () => {
  it.skipIf(!canRun("unshare", "--mount", "true"))(
    "refuses with STORE_UNAVAILABLE, whatever room is left, and loses nothing that was told (needs root and unshare)",
    async () => {
      const disk = temporaryFolder();
      const worker = await Worker.open(join(disk, "state"), onSmallDisk(disk));
      const path = join(disk, "filler");
      const wrong: string[] = [];
      for (let pages = 0; pages < 40; pages += scaled(13, 1)) {
        await worker.tell("reopen", { directory: join(disk, `state-${pages}`) });
        const report = await fillUp(worker, {
          begin: () => worker.tell("fill", { path, leave: pages * PAGE }),
          end: () => worker.tell("empty", { path }),
        });
        wrong.push(...wrongWith(report).map((what) => `${pages} pages free: ${what}`));
      }
      expect(wrong).toEqual([]);
    },
    LONG_TEST_MS,
  );

  it.skipIf(!canRun("unshare", "--mount", "true"))(
    "refuses to open what has to be made there (needs root and unshare)",
    async () => {
      const disk = temporaryFolder();
      const worker = await Worker.start(onSmallDisk(disk));
      await worker.tell("fill", { path: join(disk, "filler"), leave: 0 });
      const answer = await worker.tell("tryOut", { directory: join(disk, "state"), options: OPTIONS });
      expect(answer).toMatchObject({ error: FULL });
      await worker.tell("empty", { path: join(disk, "filler") });
      const after = await worker.tell("tryOut", { directory: join(disk, "state"), options: OPTIONS });
      expect(after).toMatchObject({ listed: [], granted: [expect.any(Number)] });
    },
  );

  it.skipIf(!canRun("prlimit", "--fsize=4096:unlimited", "true"))(
    "as a limit on the size of files does the same (needs prlimit)",
    async () => {
      const worker = await Worker.open(temporaryFolder());
      const limit = (bytes: string): void => {
        execFileSync("prlimit", ["--pid", `${worker.pid}`, `--fsize=${bytes}:unlimited`]);
      };
      const wrong: string[] = [];
      for (let bytes = 1; bytes < 150_000; bytes += scaled(50_000, 4_999)) {
        const report = await fillUp(worker, {
          begin: async () => limit(`${bytes}`),
          end: async () => limit("unlimited"),
        });
        wrong.push(...wrongWith(report).map((what) => `${bytes} bytes: ${what}`));
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe("a folder that cannot be written", () => {
  it.skipIf(!canRun("unshare", "--mount", "true"))(
    "because it is mounted so, is refused with STORE_UNAVAILABLE (needs root and unshare)",
    async () => {
      const directory = join(temporaryFolder(), "state");
      mkdirSync(directory, { mode: 0o700 });
      await (await open({ directory })).close();
      const mount = `mount --bind ${directory} ${directory} && mount -o remount,bind,ro ${directory}`;
      const worker = await Worker.start(["unshare", "--mount", "sh", "-c", `${mount} && exec "$@"`, "sh"]);
      const answer = await worker.tell("tryOut", { directory, options: OPTIONS });
      expect(answer).toMatchObject({ error: FULL });
      expect((answer as { error: Error }).error.message).toContain(directory);
    },
  );
});
