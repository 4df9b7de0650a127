// Guards between processes: they go with their process, however it ends, and not before.

import { existsSync } from "node:fs";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";

import { describe, expect, it, onTestFinished } from "vitest";

import { guardName, openGuards } from "../../src/host/guards.ts";
import { type Child, startChild } from "../stores/child.ts";
import { askWitness, canRunAsRoot, type Place } from "./processes.ts";

const guards = openGuards();
/** Ports that guards of other tests do not have. */
let nextPort = 11_500;

const HERE: Place = ["env"];
const HOLDER = "host/guard-holder.mjs";

async function startHolder(port: number): Promise<Child> {
  const holder = startChild(HOLDER, "hold", String(port));
  expect(await holder.next()).toBe(true);
  return holder;
}

async function stop(child: Child): Promise<void> {
  const stopped = startChild("host/wait-for-state.mjs", String(child.pid), "T");
  child.process.kill("SIGSTOP");
  expect(await stopped.next()).toBe("T");
}

/** Connects until the kernel keeps no more in line. */
async function fillLine(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ path: guardName("tcp", port) });
    onTestFinished(() => void socket.destroy());
    const code = await new Promise((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    if (code === undefined) continue;
    expect(code).toBe("EAGAIN");
    return;
  }
}

function takeForMoment(port: number): boolean {
  const guard = guards.take("tcp", port);
  guard?.release();
  return guard !== undefined;
}

describe.skipIf(process.platform !== "linux")("a guard that another process has", () => {
  it("cannot be taken, and is gone when the process is killed, which wakes who waits", async () => {
    const port = nextPort++;
    const holder = await startHolder(port);
    const waiter = startChild(HOLDER, "wait", String(port));
    expect(await waiter.next()).toBe("waiting");
    expect(takeForMoment(port)).toBe(false);
    const wait = guards.gone("tcp", port);
    expect(await guards.isHeld("tcp", port)).toBe(true);
    holder.process.kill("SIGKILL");
    await wait;
    expect(takeForMoment(port)).toBe(true);
    expect(await waiter.next()).toBe("woken");
  });

  it("stays its own while it is stopped, and goes when it is killed", async () => {
    const port = nextPort++;
    const holder = await startHolder(port);
    await stop(holder);
    let woken = false;
    const wait = guards.gone("tcp", port).then(() => (woken = true));
    expect(await guards.isHeld("tcp", port)).toBe(true);
    await fillLine(port);
    expect(await guards.isHeld("tcp", port)).toBe(true);
    expect(takeForMoment(port)).toBe(false);
    const late = guards.gone("tcp", port);
    expect(woken).toBe(false);
    await holder.end("SIGKILL");
    await wait;
    await late;
    expect(takeForMoment(port)).toBe(true);
  });

  it("stays its own when it goes on after a stop", async () => {
    const port = nextPort++;
    const holder = await startHolder(port);
    await stop(holder);
    const wait = guards.gone("tcp", port);
    holder.process.kill("SIGCONT");
    expect(takeForMoment(port)).toBe(false);
    expect(await guards.isHeld("tcp", port)).toBe(true);
    await holder.end();
    await wait;
  });

  it("is not kept by the children that it leaves behind", async () => {
    const port = nextPort++;
    const holder = startChild(HOLDER, "holdAndSpawn", String(port));
    const { taken, child } = (await holder.next()) as { taken: boolean; child: number };
    onTestFinished(() => void process.kill(child));
    expect(taken).toBe(true);
    await holder.end("SIGKILL");
    expect(existsSync(`/proc/${child}`)).toBe(true);
    expect(takeForMoment(port)).toBe(true);
  });
});

describe.skipIf(process.platform !== "linux")("a guard", () => {
  it("does not keep its process from ending, and waiting for one does not", async () => {
    const [own, other] = [nextPort++, nextPort++];
    const guard = guards.take("tcp", other)!;
    onTestFinished(() => guard.release());
    expect(await askWitness(HERE, "leaveGuards", String(own), String(other))).toEqual({ taken: true });
    expect(takeForMoment(own)).toBe(true);
  });

  it("is one for all threads, and goes with its thread", async () => {
    const port = nextPort++;
    const worker = new Worker(new URL("guard-holder.mjs", import.meta.url), { workerData: port });
    onTestFinished(async () => void (await worker.terminate()));
    const taken = await new Promise((resolve) => worker.once("message", resolve));
    expect(taken).toBe(true);
    expect(takeForMoment(port)).toBe(false);
    await worker.terminate();
    expect(takeForMoment(port)).toBe(true);
  });

  it("is one for all workers of a cluster", async () => {
    const port = nextPort++;
    const primary = startChild(HOLDER, "cluster", String(port));
    expect(await primary.next()).toEqual([true, false]);
    expect(takeForMoment(port)).toBe(false);
  });

  it("is not said to be had or gone by a process that has no file descriptor left", async () => {
    const port = nextPort++;
    const fewFiles: Place = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"];
    const code = "EMFILE";
    expect(await askWitness(fewFiles, "guardWithoutDescriptors", String(port))).toMatchObject({
      full: code,
      taken: { code },
      gone: { code },
      held: { code },
    });
  });

  it.skipIf(!canRunAsRoot("true"))("is one for all users (needs root)", async () => {
    const port = nextPort++;
    expect(await askWitness(HERE, "guardAsNobody", String(port))).toEqual({ held: false, taken: true });
    const guard = guards.take("tcp", port)!;
    onTestFinished(() => guard.release());
    expect(await askWitness(HERE, "guardAsNobody", String(port))).toEqual({ held: true, taken: false });
  });

  it.skipIf(!canRunAsRoot("unshare", "--net", "true"))(
    "is another one in another network namespace (needs root and unshare)",
    async () => {
      const port = nextPort++;
      const guard = guards.take("tcp", port)!;
      onTestFinished(() => guard.release());
      const inside = { held: false, taken: true };
      expect(await askWitness(["unshare", "--net"], "useGuard", String(port))).toEqual(inside);
      expect(await askWitness(HERE, "useGuard", String(port))).toEqual({ held: true, taken: false });
    },
  );
});
