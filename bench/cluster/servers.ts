// Servers of a benchmark: as a user without rights, in a temporary folder, gone with this process.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Microseconds of a tick of /proc. */
const TICK_US = 10_000;

/** A command line that runs another one without rights, given behind it. */
export function asNobody(): readonly string[] {
  const rights = isRoot ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
  return ["setpriv", "--pdeathsig", "KILL", ...rights];
}

export function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moorage-bench-"));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

export function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"]).status === 0;
}

export interface StartedServer {
  readonly process: ChildProcess;
  readonly end: () => Promise<void>;
}

/** Starts a server, and waits until it says that it is ready. */
export async function startServer(
  command: readonly string[],
  readyText: string,
  folder: string,
): Promise<StartedServer> {
  const [program, ...parameters] = [...asNobody(), ...command];
  const server = spawn(program!, parameters, { stdio: ["ignore", "ignore", "pipe"] });
  const end = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const lines = createInterface({ input: server.stderr });
  for await (const line of lines) {
    if (!line.includes(readyText)) continue;
    lines.close();
    server.stderr.resume();
    return { process: server, end };
  }
  await end();
  throw new Error(`${command[0]} did not start`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  await once(server.close(), "close");
  return port;
}

/** The processor time of a process that runs, in microseconds. */
export function cpuOf(pid: number): number {
  return spentBy(statOf(pid));
}

/** The processor time of a process that runs, of those that it has started, and of those of them that have ended. */
export function cpuOfAll(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  const running = children.reduce((sum, child) => sum + cpuOfChild(Number(child)), 0);
  // After its children: what one spent that has ended since is in here.
  const fields = statOf(pid);
  return running + spentBy(fields) + (Number(fields[13]) + Number(fields[14])) * TICK_US;
}

function cpuOfChild(pid: number): number {
  try {
    return cpuOf(pid);
  } catch {
    return 0;
  }
}

function spentBy(fields: readonly string[]): number {
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** The fields of /proc/PID/stat from the third on. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
