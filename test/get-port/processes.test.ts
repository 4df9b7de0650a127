// getPort() in several processes: the race that get-port loses (342 of 400 listens), and what the end of one does.

import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it, onTestFinished } from "vitest";

import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";

const PROCESSES = 8;
const PORTS_EACH = 50;
const RANGE = { first: 17200, last: 17699 };

interface Taken {
  readonly ports: readonly number[];
  readonly failures: readonly string[];
}

async function startTaker(directory: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("taker.mjs", import.meta.url));
  const child = fork(script, { env: { ...process.env, MOORAGE_DIR: directory } });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "message");
  return child;
}

async function take(child: ChildProcess, times: number, holdMs: number): Promise<Taken> {
  child.send({ ...RANGE, times, holdMs });
  const [taken] = (await once(child, "message")) as [Taken];
  return taken;
}

describe("getPort in several processes", () => {
  it(`gives ${PROCESSES} of them ${PORTS_EACH} different ports each out of 500, held 200 ms and then listened on`, async () => {
    const directory = temporaryFolder();
    const takers = await Promise.all(Array.from({ length: PROCESSES }, () => startTaker(directory)));
    const taken = await Promise.all(takers.map((taker) => take(taker, PORTS_EACH, 200)));
    expect(taken.flatMap(({ failures }) => failures)).toEqual([]);
    const ports = taken.flatMap((one) => one.ports);
    expect(new Set(ports).size).toBe(PROCESSES * PORTS_EACH);
    expect(ports.every((port) => port >= RANGE.first && port <= RANGE.last)).toBe(true);
  });

  it("leases the ports to the process, so that kill -9 of it frees them", async () => {
    const directory = temporaryFolder();
    const taker = await startTaker(directory);
    const { ports } = await take(taker, 3, 0);
    await using registry = await open({ directory });
    await expect(registry.acquire({ ports })).rejects.toMatchObject({
      refused: { leased: 3, holders: [{ pid: taker.pid, ports: 3 }] },
    });
    taker.kill("SIGKILL");
    await once(taker, "exit");
    const again = await registry.acquire({ ports, count: 3 });
    expect(new Set(again.ports)).toEqual(new Set(ports));
  });

  it("keeps no process running", async () => {
    const door = new URL("../../dist/get-port/index.js", import.meta.url);
    const script = `import getPort from "${String(door)}"; console.log(await getPort({ reserve: true }), await getPort());`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, MOORAGE_DIR: temporaryFolder() },
    });
    expect(stdout).toMatch(/^\d+ \d+\n$/u);
  });
});
