// Reading /proc/PID/stat, whatever a process calls itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { parseStat, readArguments, readLink, readStat, readText } from "../../src/host/proc.ts";
import { temporaryFolder } from "../stores/folder.ts";

/** A line as the kernel writes it: pid, command, state, parent, 17 more numbers, the start time, the rest. */
function line(command: string, state = "S", parent = 1, startTime = 987_654): string {
  const between = Array.from({ length: 17 }, (_, index) => index + 100).join(" ");
  return `4711 (${command}) ${state} ${parent} ${between} ${startTime} 4096 0 18446744073709551615\n`;
}

describe("parseStat", () => {
  it.each([
    "node",
    "",
    " ",
    ")",
    "(",
    "()",
    ") (",
    "(a) b)",
    ") R 1 2 3 4",
    "a) Z 1 (b",
    "one\ntwo",
    "\n)",
    "tab\there",
    "🚢 ü",
  ])("reads past a command called %j", (command) => {
    expect(parseStat(line(command))).toEqual({ state: "S", parent: 1, startTime: 987_654 });
  });

  it("reads past any command", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.constantFrom("R", "S", "Z", "T"), (command, state) => {
        expect(parseStat(line(command, state, 42, 7))).toEqual({ state, parent: 42, startTime: 7 });
      }),
    );
  });

  it("knows a start time of more than 32 bits, and of 0", () => {
    expect(parseStat(line("a", "S", 0, 0))).toEqual({ state: "S", parent: 0, startTime: 0 });
    expect(parseStat(line("a", "S", 1, 2 ** 40))?.startTime).toBe(2 ** 40);
  });

  it.each(["", "\n", "4711", "4711 (node)", "4711 (node) S", "4711 (node) S 1 2 3", "4711 (node) S x y z"])(
    "has no answer for %j",
    (text) => {
      expect(parseStat(text)).toBeUndefined();
    },
  );
});

describe("what is not there", () => {
  it("is undefined, or no arguments", () => {
    expect(readText("/nowhere/at/all")).toBeUndefined();
    expect(readLink("/nowhere/at/all")).toBeUndefined();
    expect(readStat(2 ** 31 - 1)).toBeUndefined();
    expect(readArguments(2 ** 31 - 1)).toEqual([]);
  });
});

describe.skipIf(!existsSync("/proc/self/stat"))("a real process", () => {
  it("that is called like a stat line is read by its true fields", async () => {
    const program = join(temporaryFolder(), "a) Z 1 (b");
    symlinkSync(process.execPath, program);
    const script = "process.title = 'x) Z 1 (y'; console.log('ready'); setInterval(() => {}, 1e6)";
    const child = spawn(program, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    expect(readText(`/proc/${child.pid!}/stat`)).toContain("(x) Z 1 (y)");
    const stat = readStat(child.pid!);
    expect(stat).toMatchObject({ parent: process.pid });
    expect(stat?.state).toMatch(/^[RSD]$/u);
    expect(stat?.startTime).toBeGreaterThanOrEqual(readStat("self")!.startTime);
  });

  it("has its arguments to the letter", async () => {
    const script = "console.log('ready'); setInterval(() => {}, 1e6)";
    const child = spawn(process.execPath, ["-e", script, "--", "with blank", "ü\n"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    expect(readArguments(child.pid!)).toEqual([process.execPath, "-e", script, "--", "with blank", "ü\n"]);
  });
});
