// A command that `run` has started: its signals, its end, and the processes that it started itself.
//
// Without a terminal it leads a process group of its own, so that a signal reaches whatever is in it at once. On a terminal
// it stays in the foreground group, as the shell's job control wants it: Ctrl-C and Ctrl-Z are sent to all of that by
// the terminal, and the command can read from it. There, its processes are told apart by descent and environment.

import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { isatty } from "node:tty";
import { type Offspring, offspringOf, openHost } from "../../host/index.ts";
import { EXIT } from "../exit-codes.ts";
import type { CommandLine } from "./hand-over.ts";
import { ENDING, kill } from "./signals.ts";

export interface CommandOptions {
  readonly stdio: StdioOptions;
  /** The ids of the leases that it is told. */
  readonly leases: readonly string[];
  /** Whether it is to have a process group of its own. @default where stdin is no terminal */
  readonly isLeader?: boolean;
}

export interface StartedCommand {
  readonly pid: number;
  /** Its output, where it is a pipe. */
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Settles once it runs. Rejects with an error that has a `code` when it cannot be started; then it never ends. */
  readonly started: Promise<void>;
  /** Its exit code, or 128 + n when signal n has ended it. */
  readonly ended: Promise<number>;
  /** Its living processes, itself first; `undefined` where the system does not tell. */
  offspring(): readonly Offspring[] | undefined;
  /** Sends a signal: one that asks for the end to all of its processes, another to the command. Returns whom it has reached. */
  send(signal: NodeJS.Signals): readonly number[];
}

/** What a terminal sends to every process in the foreground, the command too. */
const FROM_KEYBOARD: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
const STDIN = 0;

/** Starts a command. Throws, or rejects by `started`, an error with a `code` when it cannot be started. */
export function startCommand(line: CommandLine, options: CommandOptions): StartedCommand {
  const isOnTerminal = isatty(STDIN);
  // Windows has no process groups; what is detached there gets a window of its own.
  const isLeader = process.platform !== "win32" && (options.isLeader ?? !isOnTerminal);
  const { command, parameters, folder, env } = line;
  const { stdio } = options;
  const child = spawn(command, parameters, { stdio, env, cwd: folder, detached: isLeader });
  const { pid } = child;
  const startTime = pid === undefined ? 0 : (openHost().process(pid)?.startTime ?? 0);
  const offspring = (): readonly Offspring[] | undefined =>
    pid === undefined ? [] : offspringOf({ process: { pid, startTime }, isLeader, leases: options.leases });

  function send(signal: NodeJS.Signals): readonly number[] {
    const isForAll = ENDING.has(signal);
    const processes = isForAll ? offspring() : undefined;
    if (!processes) {
      sendAlone(child, isLeader && isForAll, signal);
      return pid === undefined ? [] : [pid];
    }
    const isReached = isLeader || (isOnTerminal && FROM_KEYBOARD.has(signal));
    if (isLeader && processes.some(({ isInGroup }) => isInGroup)) kill(-pid!, signal);
    for (const one of processes) if (!(isReached && one.isInGroup)) kill(one.pid, signal);
    return processes.map((one) => one.pid);
  }

  const { stdout, stderr } = child;
  return { pid: pid ?? 0, stdout, stderr, started: startOf(child), ended: endOf(child), offspring, send };
}

function startOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    // A running command has errors too: a signal that it may not be sent.
    child.on("error", (error) => child.pid === undefined && reject(error));
  });
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) =>
      resolve(signal === null ? (code ?? EXIT.ERROR) : EXIT.SIGNALLED + constants.signals[signal]),
    );
  });
}

function sendAlone(child: ChildProcess, toGroup: boolean, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (toGroup) kill(-child.pid, signal);
  else child.kill(signal);
}
