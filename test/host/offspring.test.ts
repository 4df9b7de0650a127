// What a command has started, told from what others have.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

import { describe, expect, it, onTestFinished } from "vitest";

import { carriersOf, offspringOf, openHost, type StartedCommand } from "../../src/host/index.ts";

const HAS_PROC = existsSync("/proc/self/stat");

/** A shell that starts processes, each of which says its pid; `count` is how many. */
async function startShell(
  script: string,
  { count, isLeader }: { readonly count: number; readonly isLeader: boolean },
): Promise<{ readonly command: StartedCommand; readonly pids: readonly number[] }> {
  const env = { ...process.env, MOORAGE_LEASE: "one,two" };
  const child = spawn("/bin/sh", ["-c", script], {
    env,
    detached: isLeader,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const pids: number[] = [];
  while (pids.length < count) pids.push(Number((await lines.next()).value));
  onTestFinished(() => {
    for (const pid of [child.pid!, ...pids]) {
      if (openHost().process(pid)) process.kill(pid, "SIGKILL");
    }
  });
  if (!script.endsWith("wait")) await exited;
  const { pid, startTime } = openHost().process(child.pid!) ?? { pid: child.pid!, startTime: 0 };
  return { command: { process: { pid, startTime }, isLeader, leases: ["one"] }, pids };
}

const SLEEPER = "sh -c 'echo $$; exec sleep 60' &";

function found({ command }: { readonly command: StartedCommand }): number[] | undefined {
  return offspringOf(command)?.map(({ pid }) => pid);
}

describe.skipIf(!HAS_PROC)("the offspring of a command (Linux only)", () => {
  it.each([true, false])(
    "is itself and all that descend from it, in sessions of their own too: leader %s",
    async (isLeader) => {
      const shell = await startShell(`${SLEEPER} setsid ${SLEEPER} wait`, { count: 2, isLeader });
      expect(new Set(found(shell))).toEqual(new Set([shell.command.process.pid, ...shell.pids]));
      const grouped = offspringOf(shell.command)!.filter(({ isInGroup }) => isInGroup);
      expect(grouped.map(({ pid }) => pid)[0]).toBe(shell.command.process.pid);
      expect(grouped).toHaveLength(2);
    },
  );

  it.each([true, false])("is, when it has ended, what is left of its group: leader %s", async (isLeader) => {
    const shell = await startShell(`${SLEEPER} exit 0`, { count: 1, isLeader });
    expect(found(shell)).toEqual(shell.pids);
  });

  it("is not what is in a group that it shares with others, and not of its leases", async () => {
    const shell = await startShell(`MOORAGE_LEASE= ${SLEEPER} exit 0`, { count: 1, isLeader: false });
    expect(found(shell)).toEqual([]);
  });

  it("is not what says other leases, and not what descends from that", async () => {
    const other = `MOORAGE_LEASE=three setsid sh -c 'env -u MOORAGE_LEASE ${SLEEPER.replaceAll("'", '"').replace("$$", "\\$\\$")} wait' &`;
    const shell = await startShell(`${other} wait`, { count: 1, isLeader: true });
    expect(found(shell)).toEqual([shell.command.process.pid]);
  });

  it("is nobody who has its pid by now", async () => {
    const shell = await startShell(`${SLEEPER} wait`, { count: 1, isLeader: false });
    const { command } = shell;
    const former = { ...command, process: { ...command.process, startTime: 1 }, leases: ["other"] };
    expect(offspringOf(former)).toEqual([]);
  });

  it("carriers of a lease are found wherever they are", async () => {
    const shell = await startShell(`setsid ${SLEEPER} exit 0`, { count: 1, isLeader: true });
    expect(found(shell)).toEqual([]);
    expect(carriersOf(["two"])).toEqual(shell.pids);
    expect(carriersOf(["three"])).toEqual([]);
  });
});
