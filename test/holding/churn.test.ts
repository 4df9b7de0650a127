// The gap between "here is your port" and the server's listen(), among programs that take ports all the time.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it, onTestFinished } from "vitest";

import { canRunAsRoot } from "../host/processes.ts";
import { temporaryFolder } from "../stores/folder.ts";

const ARENA = fileURLToPath(new URL("arena.mjs", import.meta.url));
const COUNT = 300;
/** Each of them is two starts of Node. */
const COUNT_BY_RUN = 30;

const canMakeNamespace = canRunAsRoot("unshare", "--net", "ip", "link", "set", "lo", "up");

interface Outcome {
  /** How often somebody else had the port when the server came up. */
  readonly lost: number;
  /** How many ports others took in a second. */
  readonly eachSecond: number;
}

type Way = "pick" | "look" | "hold" | "acquire" | "run";

async function enter(way: Way, count: number = COUNT): Promise<Outcome> {
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  const parameters = ["--net", process.execPath, ARENA, way, String(count), temporaryFolder()];
  const { stdout } = await promisify(execFile)("unshare", parameters, { signal: ended.signal });
  const outcome = JSON.parse(stdout) as Outcome;
  console.log(`Node ${process.versions.node}: ${way} ${count}`, outcome);
  return outcome;
}

describe.skipIf(!canMakeNamespace)(
  `of ${COUNT} ports out of 500 that the kernel hands out, 50 ms before a server listens (needs root, unshare and ip)`,
  () => {
    it.each(["pick", "look"] as const)("some are lost by whoever lets them go: %s", async (way) => {
      expect((await enter(way)).lost).toBeGreaterThan(0);
    });

    it.each(["hold", "acquire"] as const)("none is lost by whoever holds them: %s", async (way) => {
      expect((await enter(way)).lost).toBe(0);
    });

    it(`none of ${COUNT_BY_RUN} is lost by a server that moorage run starts`, async () => {
      expect((await enter("run", COUNT_BY_RUN)).lost).toBe(0);
    });
  },
);
