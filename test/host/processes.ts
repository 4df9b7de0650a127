// Processes for tests to judge, ended with their test by their pid.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

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

/** As ZOMBIE_SCRIPT, a program that is dead by half: its first thread is. */
export const LEADER_EXIT_SCRIPT = fileURLToPath(new URL("leader-exit.py", import.meta.url));

/** A command line that runs another one, given behind it, in a special place. */
export type Place = readonly [program: string, ...parameters: readonly string[]];

/** What a process in a special place has to tell. */
export async function askWitness(
  place: Place,
  scenario: string,
  ...parameters: readonly string[]
): Promise<unknown> {
  const witness = fileURLToPath(new URL("witness.mjs", import.meta.url));
  const [program, ...rest] = place;
  const commandLine = [...rest, process.execPath, witness, scenario, ...parameters];
  // One that does not end by itself ends with its test: it could have what other tests want.
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  const options = { signal: ended.signal, killSignal: "SIGKILL" } as const;
  const { stdout } = await promisify(execFile)(program, commandLine, options);
  return JSON.parse(stdout);
}

/** Whether this is root, and may run the program. */
export function canRunAsRoot(program: string, ...parameters: readonly string[]): boolean {
  return process.getuid?.() === 0 && hasProgram(program, ...parameters);
}

/** Whether a program can be run here at all. */
export function hasProgram(program: string, ...parameters: readonly string[]): boolean {
  return spawnSync(program, parameters, { stdio: "ignore" }).status === 0;
}
