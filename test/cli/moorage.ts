// The command line as a test runs it: the built program, in a state folder of its own.

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseServiceName } from "../../src/project/index.ts";

export const MAIN = fileURLToPath(new URL("../../dist/bin/moorage.js", import.meta.url));

/** A program for python3 that runs another one on a terminal of its own. */
export const PTY = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** The next line of stdout. */
  readonly line: () => Promise<string>;
  readonly finished: Promise<Finished>;
}

export interface ShownLease {
  readonly id: string;
  readonly name: string | null;
  readonly ports: readonly number[];
  readonly state: string;
  readonly holder: { readonly pid: number };
  readonly heir: { readonly pid: number } | null;
  readonly livesWith: string | null;
  readonly isHeldInKernel: boolean;
}

export interface Folder extends AsyncDisposable {
  readonly directory: string;
  /** Starts a program that finds the state folder in its environment. */
  start(command: string, parameters: readonly string[], options?: SpawnOptions): Started;
  /** Starts `moorage` with these arguments. */
  moorage(...parameters: readonly string[]): Started;
  /** Runs `moorage` to its end. */
  run(...parameters: readonly string[]): Promise<Finished>;
  /** What `moorage ls --json` says; services by their own names. */
  leases(): Promise<ShownLease[]>;
}

/** A service without the place that it belongs to: that of the folder that the test runs in. */
function serviceIn(name: string | null): string | null {
  return parseServiceName(name ?? "")?.service ?? name;
}

/** A new state folder; what was started in it and still runs is ended when it is disposed. */
export function newFolder(): Folder {
  const directory = mkdtempSync(join(tmpdir(), "moorage-cli-"));
  const running = new Set<ChildProcess>();

  function start(command: string, parameters: readonly string[], options: SpawnOptions = {}): Started {
    const env = { ...process.env, MOORAGE_DIR: directory, ...options.env };
    const child = spawn(command, parameters, { stdio: "pipe", ...options, env });
    running.add(child);
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    const lines = child.stdout && createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const finished = once(child, "close").then(([code, signal]): Finished => {
      running.delete(child);
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...output };
    });
    const line = async (): Promise<string> => {
      const next = await lines!.next();
      if (next.done) throw new Error(`no further line; stderr: ${output.stderr}`);
      return next.value;
    };
    return { child, line, finished };
  }

  const moorage = (...parameters: readonly string[]): Started =>
    start(process.execPath, [MAIN, ...parameters]);
  const run = (...parameters: readonly string[]): Promise<Finished> => moorage(...parameters).finished;
  return {
    directory,
    start,
    moorage,
    run,
    async leases() {
      const { stdout } = await run("ls", "--json");
      const { leases } = JSON.parse(stdout) as { leases: ShownLease[] };
      return leases.map((lease) => ({ ...lease, name: serviceIn(lease.name) }));
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) {
        const closed = once(child, "close");
        child.kill();
        child.stdin?.destroy();
        await closed;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The environment of a program that runs `code` before its own: a signal or a failure can be put exactly
 * where a test wants it.
 */
export function injected(code: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/**
 * A command that prints its port and runs until its input ends: an orphan of a killed `moorage run` ends
 * with the test. `setup` runs first.
 */
export function portPrinter(setup = ""): string[] {
  const wait = 'process.stdin.resume().on("end", () => process.exit())';
  return [process.execPath, "-e", `${setup}; console.log(process.env.PORT); ${wait}`];
}
