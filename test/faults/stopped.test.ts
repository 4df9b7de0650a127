// Holders that are neither quite alive nor quite dead: stopped, a zombie, or followed by another process of the
// same pid.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

import { describe, expect, it, onTestFinished } from "vitest";

import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { canRun } from "./programs.ts";
import { rewriteSlots } from "./records.ts";
import { startProgram, Worker } from "./workers.ts";

const TTL_MS = 200;

/** A field of what the kernel shows of a process, by its number in proc_pid_stat(5), from 3 on. */
function statField(pid: number, field: number): string {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  return fields.split(" ")[field - 3] ?? "";
}

function stateOf(pid: number): string {
  return statField(pid, 3);
}

function threadsOf(pid: number): number {
  return Number(statField(pid, 20));
}

/** Stops a process, and waits until it has: until then it could go on to run. */
async function stop(worker: Worker): Promise<void> {
  worker.program.signal("SIGSTOP");
  while (stateOf(worker.pid) !== "T") await new Promise((resolve) => setImmediate(resolve));
}

describe("a holder that is stopped", () => {
  it("is not taken for dead", async () => {
    const directory = temporaryFolder();
    const holder = await Worker.open(directory);
    await holder.acquire({ ports: 16200, name: "web" });
    await stop(holder);
    await using registry = await open({ directory });
    await expect(registry.acquire({ ports: 16200 })).rejects.toMatchObject({ refused: { leased: 1 } });
    await expect(registry.acquire({ name: "web" })).rejects.toMatchObject({ code: "NAME_HELD" });
    await expect(registry.release("web")).rejects.toMatchObject({ code: "LEASE_HELD" });
    expect(await registry.list()).toMatchObject([{ name: "web", state: "held" }]);
    holder.program.signal("SIGCONT");
    expect(await holder.tell("inspect", { lease: 0 })).toMatchObject({ valid: true, lost: false });
    expect(await holder.tell("release", { lease: 0 })).toBe("released");
    expect((await registry.acquire({ ports: 16200 })).port).toBe(16200);
  });

  it("in another state folder keeps its port from others too", async () => {
    const holder = await Worker.open(temporaryFolder());
    await holder.acquire({ ports: 16201 });
    await stop(holder);
    await using registry = await open({ directory: temporaryFolder() });
    await expect(registry.acquire({ ports: 16201 })).rejects.toMatchObject({ refused: { guarded: 1 } });
  });
});

describe("a holder with a time limit that is stopped beyond it", () => {
  it("finds its lease lost when it goes on, and its ports go to others then", async () => {
    const directory = temporaryFolder();
    const holder = await Worker.open(directory);
    await holder.acquire({ ports: 16210, ttlMs: TTL_MS });
    await stop(holder);
    await using registry = await open({ directory, quarantineMs: 0 });
    // Its guard stays with it while it is stopped, but its time passes.
    while ((await registry.list()).some(({ state }) => state === "held"));
    const next = registry.acquire({ ports: 16210, wait: true, signal: AbortSignal.timeout(10_000) });
    holder.program.signal("SIGCONT");
    expect(await holder.tell("lost", { lease: 0 })).toBe("expired");
    expect(await holder.tell("inspect", { lease: 0 })).toMatchObject({ valid: false, code: "LEASE_LOST" });
    const lease = await next;
    expect(lease.port).toBe(16210);
    expect(lease.isValid()).toBe(true);
  });

  it("cannot give back, renew or hand over what its successor has", async () => {
    const directory = temporaryFolder();
    const holder = await Worker.open(directory);
    await holder.acquire({ ports: 16211, ttlMs: TTL_MS, name: "web" });
    await stop(holder);
    await using registry = await open({ directory, quarantineMs: 0 });
    while ((await registry.list()).some(({ state }) => state === "held"));
    const options = { ports: 16211, name: "web", wait: true, signal: AbortSignal.timeout(10_000) };
    const next = registry.acquire(options);
    holder.program.signal("SIGCONT");
    await holder.tell("lost", { lease: 0 });
    const lease = await next;
    await expect(holder.tell("transfer", { lease: 0, pid: holder.pid })).rejects.toMatchObject({
      code: "LEASE_LOST",
    });
    await holder.tell("release", { lease: 0 });
    await holder.tell("close");
    expect(await registry.list()).toMatchObject([{ id: lease.id, state: "held", token: lease.token }]);
    expect(lease.isValid()).toBe(true);
  });
});

describe("a zombie", () => {
  it("is dead: its port is granted again", async () => {
    const directory = temporaryFolder();
    // The shell becomes a program that never waits for the child it has.
    const script = '"$@" & exec sleep 600';
    const holder = await Worker.open(directory, ["sh", "-c", script, "sh"]);
    await holder.acquire({ ports: 16220, name: "web" });
    process.kill(holder.pid, "SIGKILL");
    // Until its last thread has ended, it has its sockets still.
    while (stateOf(holder.pid) !== "Z" || threadsOf(holder.pid) > 1)
      await new Promise((resolve) => setImmediate(resolve));
    await using registry = await open({ directory });
    expect(await registry.list()).toMatchObject([{ name: "web", state: "abandoned" }]);
    const lease = await registry.acquire({ ports: 16220, name: "web" });
    expect(lease.port).toBe(16220);
    expect(stateOf(holder.pid)).toBe("Z");
  });
});

const OWN_PIDS = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] as const;

describe("a process that has the pid of a dead holder", () => {
  it.skipIf(!canRun(...OWN_PIDS, "true"))("is not taken for it (needs root and unshare)", async () => {
    const program = startProgram("reused-pid.mjs", [temporaryFolder()], { place: OWN_PIDS });
    onTestFinished(() => program.end());
    const told = (await program.next()) as { holder: { pid: number }; other: { pid: number } };
    expect(told).toEqual({
      holder: { pid: told.holder.pid, ports: [16230] },
      other: { pid: told.holder.pid },
      before: ["web held"],
      after: ["web abandoned"],
      granted: [16230],
      // It may not take up what the dead one had under its pid, but as everybody may.
      released: "LEASE_NOT_FOUND",
    });
  });

  it("is not taken for it, when the record says another start", async () => {
    const directory = temporaryFolder();
    const sleeper = spawn("sleep", ["600"], { stdio: "ignore" });
    onTestFinished(async () => {
      sleeper.kill("SIGKILL");
      await once(sleeper, "exit");
    });
    await once(sleeper, "spawn");
    await using registry = await open({ directory });
    await registry.acquire({ ports: 16231, for: sleeper.pid! });
    await expect(registry.acquire({ ports: 16231 })).rejects.toMatchObject({ refused: { leased: 1 } });
    const startTime = Number(statField(sleeper.pid!, 22));
    const changed = rewriteSlots(directory, "port/tcp/16231", (value) =>
      value.replace(`[${sleeper.pid},${startTime},`, `[${sleeper.pid},${startTime - 1},`),
    );
    expect(changed).toBe(1);
    expect((await registry.acquire({ ports: 16231 })).port).toBe(16231);
  });
});
