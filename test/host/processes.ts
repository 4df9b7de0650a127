// Processes for tests to judge, ended with their test by their pid.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

export interface Started {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it printed first. */
  readonly line: string;
  /** Ends it and waits until it is reaped. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program and waits for its first line. */
export async function start(program: string, ...parameters: readonly string[]): Promise<Started> {
  const child = spawn(program, parameters, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await exited;
  };
  onTestFinished(() => kill());
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { pid: child.pid!, process: child, line: line.toString().trim(), kill };
}

/** A process that says it is there and waits. */
export async function startSleeper(): Promise<Started> {
  return await start("/bin/sh", "-c", "echo ready; read line");
}

export const ZOMBIE_SCRIPT = fileURLToPath(new URL("zombie.py", import.meta.url));

/** Whether a program can be run here at all. */
export function hasProgram(program: string, ...parameters: readonly string[]): boolean {
  return spawnSync(program, parameters, { stdio: "ignore" }).status === 0;
}
