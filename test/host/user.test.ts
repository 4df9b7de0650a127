// The user that a process acts for.

import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { userOf } from "../../src/host/index.ts";
import { start, startSleeper } from "./processes.ts";

const isRoot = process.getuid?.() === 0;

describe.skipIf(!existsSync("/proc/self/status"))("the user of a process (Linux only)", () => {
  it("is this one's", () => expect(userOf(process.pid)).toBe(process.geteuid?.()));

  it("is not told of one that is gone", async () => {
    const sleeper = await startSleeper();
    await sleeper.kill();
    expect(userOf(sleeper.pid)).toBeUndefined();
  });

  it.skipIf(!isRoot)(
    "is the one that it became, though /proc is root's to look into (needs root)",
    async () => {
      const become = 'process.seteuid(65534); console.log("ready"); process.stdin.resume()';
      const { pid } = await start(process.execPath, "-e", become);
      expect(userOf(pid)).toBe(65534);
    },
  );
});
