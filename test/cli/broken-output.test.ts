import { closeSync, existsSync, openSync } from "node:fs";
import type { SpawnOptions } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Finished, type Folder, MAIN, newFolder } from "./moorage.ts";

const EXIT_9 = ["run", "--", process.execPath, "-e", "process.exit(9)"];
const hasFull = existsSync("/dev/full");

/** Runs `moorage` with a reader of stdout or stderr that has gone before anything is written. */
async function withoutReader(
  folder: Folder,
  stream: "stdout" | "stderr",
  args: readonly string[],
): Promise<Finished> {
  const { child, finished } = folder.moorage(...args);
  child[stream]!.destroy();
  return await finished;
}

/** Runs `moorage` with stdout or stderr on a device that is always full. */
async function onFullDevice(
  folder: Folder,
  stream: "stdout" | "stderr",
  args: readonly string[],
): Promise<Finished> {
  const full = openSync("/dev/full", "w");
  const stdio: SpawnOptions["stdio"] = stream === "stdout" ? ["pipe", full, "pipe"] : ["pipe", "pipe", full];
  try {
    return await folder.start(process.execPath, [MAIN, ...args], { stdio }).finished;
  } finally {
    closeSync(full);
  }
}

describe("a broken stderr changes no exit code", () => {
  const cases = [
    { args: EXIT_9, code: 9 },
    { args: ["ls"], code: 0 },
    { args: ["get", "--bogus"], code: 64 },
    { args: ["release", "web"], code: 2 },
    { args: [], code: 64 },
  ];
  test.each(cases)("without a reader: moorage $args", async ({ args, code }) => {
    await using folder = newFolder();
    expect(await withoutReader(folder, "stderr", args)).toMatchObject({ code });
    expect(await folder.leases()).toEqual([]);
  });

  test.skipIf(!hasFull).each(cases)("on a full device: moorage $args", async ({ args, code }) => {
    await using folder = newFolder();
    expect(await onFullDevice(folder, "stderr", args)).toMatchObject({ code });
    expect(await folder.leases()).toEqual([]);
  });
});

describe("a broken stdout", () => {
  const get = ["get", "2", "--for", String(process.pid)];

  test("ports that nobody reads are given back, without a word", async () => {
    await using folder = newFolder();
    expect(await withoutReader(folder, "stdout", get)).toMatchObject({ code: 1, stderr: "" });
    expect(await folder.leases()).toEqual([]);
  });

  test.skipIf(!hasFull)("ports that cannot be printed are given back, and why is said", async () => {
    await using folder = newFolder();
    const { code, stderr } = await onFullDevice(folder, "stdout", get);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^moorage: OUTPUT_FAILED: cannot write to stdout: ENOSPC.*\n$/u);
    expect(await folder.leases()).toEqual([]);
  });

  test("a lease that its holder had before is kept", async () => {
    await using folder = newFolder();
    const named = ["get", "--name", "web", "--for", String(process.pid)];
    const { stdout } = await folder.run(...named);
    expect(await withoutReader(folder, "stdout", named)).toMatchObject({ code: 1 });
    expect(await folder.leases()).toMatchObject([{ name: "web", ports: [Number(stdout)] }]);
  });

  test("a reader that has seen enough of ls or of a help text is no failure", async () => {
    await using folder = newFolder();
    for (const args of [["ls", "--json"], ["--help"]]) {
      expect(await withoutReader(folder, "stdout", args)).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test.skipIf(!hasFull).each([
    [["ls", "--json"], 1],
    [["--help"], 1],
    [["run", "--help"], 125],
  ])("what cannot be printed is a failure: moorage %s", async (args, code) => {
    await using folder = newFolder();
    const failed = await onFullDevice(folder, "stdout", args);
    expect(failed).toMatchObject({ code });
    expect(failed.stderr).toMatch(/^moorage: OUTPUT_FAILED: .*\n$/u);
  });
});
