// Reading /proc/PID/stat, whatever a process calls itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import {
  isOwnNumbering,
  parseStat,
  readArguments,
  readLink,
  readStat,
  readText,
} from "../../src/host/proc.ts";
import { temporaryFolder } from "../stores/folder.ts";

interface Line {
  readonly command: string;
  readonly state?: string;
  readonly parent?: number;
  readonly threads?: number;
  readonly startTime?: number;
  readonly layout?: readonly [string, string];
}

/** A line as the kernel writes it: field n is n + 100 where it does not matter. */
function line({ command, state = "S", parent = 1, threads = 11, startTime = 987_654, layout }: Line): string {
  const fields = Array.from({ length: 52 }, (_, index) => String(index + 101));
  const set = (number: number, text: string | number): void => void (fields[number - 1] = String(text));
  set(2, `(${command})`);
  set(3, state);
  set(4, parent);
  set(5, 4700);
  set(6, 4600);
  set(20, threads);
  set(22, startTime);
  set(25, "18446744073709551615");
  set(48, layout?.[0] ?? "140736469270000");
  set(50, layout?.[1] ?? "140736469279999");
  return `${fields.join(" ")}\n`;
}

const USUAL = {
  state: "S",
  parent: 1,
  group: 4700,
  session: 4600,
  threads: 11,
  startTime: 987_654,
  layout: "140736469270000 140736469279999",
};

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
    expect(parseStat(line({ command }))).toEqual(USUAL);
  });

  it("reads past any command", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.constantFrom("R", "S", "Z", "T"), (command, state) => {
        const changes = { state, parent: 42, threads: 3, startTime: 7 };
        expect(parseStat(line({ command, ...changes }))).toEqual({ ...USUAL, ...changes });
      }),
    );
  });

  it("knows a start time of more than 32 bits, and of 0", () => {
    expect(parseStat(line({ command: "a", startTime: 0 }))?.startTime).toBe(0);
    expect(parseStat(line({ command: "a", startTime: 2 ** 40 }))?.startTime).toBe(2 ** 40);
  });

  it.each<[string, readonly [string, string], string | undefined]>([
    ["of addresses above 2^53, to the digit", ["18446744073709551614", "9"], "18446744073709551614 9"],
    ["that is not told", ["0", "0"], undefined],
    ["that is told by half", ["140736469270000", "0"], undefined],
  ])("knows a layout %s", (_, layout, known) => {
    expect(parseStat(line({ command: "a", layout }))?.layout).toBe(known);
  });

  it("does without the fields that old kernels do not have", () => {
    const short = line({ command: "a" }).split(" ").slice(0, 24).join(" ");
    expect(parseStat(short)).toEqual({ ...USUAL, layout: undefined });
  });

  it.each(["", "\n", "4711", "4711 (node)", "4711 (node) S", "4711 (node) S 1 2 3", "4711 (node) S x y z"])(
    "has no answer for %j",
    (text) => {
      expect(parseStat(text)).toBeUndefined();
    },
  );
});

describe("the pids in /proc", () => {
  it.each([
    ["are this process's own", "4711", "Name:\tnode\nNSpid:\t4711\nNSpgid:\t1\t2\n", true],
    ["are so on a kernel that lists no namespaces", "4711", "Name:\tnode\n", true],
    ["are another namespace's where it has another one", "815", "NSpid:\t815\t4711\n", false],
    ["are another namespace's even where it has the same by chance", "4711", "NSpid:\t4711\t4711\n", false],
    ["are another namespace's on a kernel that lists none", "815", "", false],
  ])("%s", (_, self, status, own) => {
    expect(isOwnNumbering(self, status, 4711)).toBe(own);
  });
});

describe("what cannot be read", () => {
  it("is not taken for what is not there", () => {
    expect(() => readText("/")).toThrow("EISDIR");
    expect(() => readLink("/")).toThrow("EINVAL");
  });
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
