// The gap between "here is your port" and the server's listen(), among programs that take ports all the time.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it, onTestFinished } from "vitest";

import { canRunAsRoot } from "../host/processes.ts";

const ARENA = fileURLToPath(new URL("arena.mjs", import.meta.url));
const COUNT = 300;

const canMakeNamespace = canRunAsRoot("unshare", "--net", "ip", "link", "set", "lo", "up");

interface Outcome {
  /** How often somebody else had the port when the server came up. */
  readonly lost: number;
  /** How many ports others took in a second. */
  readonly eachSecond: number;
}

async function enter(way: "pick" | "look" | "hold"): Promise<Outcome> {
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  const parameters = ["--net", process.execPath, ARENA, way, String(COUNT)];
  const { stdout } = await promisify(execFile)("unshare", parameters, { signal: ended.signal });
  const outcome = JSON.parse(stdout) as Outcome;
  console.log(`Node ${process.versions.node}: ${way}`, outcome);
  return outcome;
}

describe.skipIf(!canMakeNamespace)(
  `of ${COUNT} ports out of 500 that the kernel hands out, 50 ms before a server listens (needs root, unshare and ip)`,
  () => {
    it.each(["pick", "look"] as const)("some are lost by whoever lets them go: %s", async (way) => {
      expect((await enter(way)).lost).toBeGreaterThan(0);
    });

    it("none is lost by whoever holds them", async () => {
      expect((await enter("hold")).lost).toBe(0);
    });
  },
);
