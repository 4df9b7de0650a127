// Commands from their start to their end, one or several side by side: signals, output, leases, readiness, exit codes.
//
// Of several, the first that ends with an error ends the others, and its exit code is that of all.

import type { StdioOptions } from "node:child_process";
import { getSystemErrorMap } from "node:util";
import { type Lease, PortError } from "../../node/index.ts";
import { formatPorts } from "../../registry/index.ts";
import { EXIT } from "../exit-codes.ts";
import { say, sayError } from "../output.ts";
import { seeToRest, signalDaemons } from "./background.ts";
import { startCommand, type StartedCommand } from "./command.ts";
import { leaveToListener } from "./detached.ts";
import { type CommandLine, withSocket } from "./hand-over.ts";
import { awaitReady } from "./ready.ts";
import { relay } from "./relay.ts";
import { ENDING, type Signals } from "./signals.ts";

/** A command, and what it has its ports by. */
export interface Task {
  /** What people call it. */
  readonly label: string;
  readonly line: CommandLine;
  /** The services that could have been meant, should there be no such command. */
  readonly alternatives?: readonly string[];
  readonly leases: readonly Lease[];
  /** What people call each of them. */
  readonly labelOf: (lease: Lease) => string;
  /** A socket for the command, and what it is told to be. */
  readonly handed?: { readonly fd: number; readonly name: string } | undefined;
  /** What stands before the lines that it writes. `undefined`: it has the input and output of this process. */
  readonly prefix?: { readonly stdout: string; readonly stderr: string } | undefined;
  /** Whether its end leaves a server behind. */
  readonly isDetached?: boolean;
  /** In how many seconds the server of each lease has to answer, and where. `undefined`: nobody looks. */
  readonly ready?: { readonly seconds: number; readonly urlOf: (lease: Lease) => string } | undefined;
  /** Called when it runs. */
  readonly onStarted: () => void;
}

/** How long a command has to end that is asked to by `run` itself, before it is killed. */
const END_MS = 10_000;

/** Runs commands until all have ended, and returns the exit code of the first that failed, or 0. */
export async function superviseAll(tasks: readonly Task[], signals: Signals): Promise<number> {
  const running: Running[] = [];
  let failure: number = EXIT.OK;
  const fail = (exitCode: number): void => {
    if (failure !== EXIT.OK) return;
    failure = exitCode;
    for (const one of running) one.end();
  };
  const isStopping = (): boolean => signals.ending !== undefined || failure !== EXIT.OK;
  signals.passTo((signal) => {
    for (const one of running) one.send(signal);
  });
  for (const task of tasks) running.push(supervise(task, { isStopping, fail }));
  await Promise.all(
    running.map(async ({ finished }, at) => {
      const exitCode = await finished;
      if (exitCode === EXIT.OK) return;
      if (tasks.length > 1 && !isStopping()) {
        say(`moorage: ${tasks[at]!.label} has ended with exit code ${exitCode}, which ends the others`);
      }
      fail(exitCode);
    }),
  );
  return failure;
}

interface Running {
  send(signal: NodeJS.Signals): void;
  /** Asks it to end, and sees that it does. */
  end(): void;
  /** Its exit code, once nothing of it is left that its leases are needed for. */
  readonly finished: Promise<number>;
}

interface Course {
  readonly isStopping: () => boolean;
  readonly fail: (exitCode: number) => void;
}

function supervise(task: Task, { isStopping, fail }: Course): Running {
  const { leases, handed, prefix } = task;
  const stdio: StdioOptions = prefix ? ["ignore", "pipe", "pipe"] : ["inherit", "inherit", "inherit"];
  let command: StartedCommand;
  try {
    const line = handed ? withSocket(task.line, handed.name) : task.line;
    command = startCommand(line, {
      stdio: handed ? [...stdio, handed.fd] : stdio,
      leases: leases.map(({ id }) => id),
      ...(prefix && { isLeader: true }),
    });
  } catch (error) {
    const exitCode = sayNotStarted(task, error as NodeJS.ErrnoException);
    return { send: () => undefined, end: () => undefined, finished: Promise.resolve(exitCode) };
  }
  if (prefix && command.stdout && command.stderr) {
    relay(command.stdout, process.stdout, prefix.stdout);
    relay(command.stderr, process.stderr, prefix.stderr);
  }
  let killing: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const over = new AbortController();

  function send(signal: NodeJS.Signals): void {
    if (hasEnded && ENDING.has(signal)) over.abort();
    const reached = command.send(signal);
    if (ENDING.has(signal)) void signalDaemons(leases, signal, reached).catch(sayError);
  }

  function end(): void {
    if (over.signal.aborted) return;
    killing ??= setTimeout(() => send("SIGKILL"), END_MS);
    send("SIGTERM");
  }

  async function toEnd(): Promise<number> {
    try {
      await command.started;
    } catch (error) {
      return sayNotStarted(task, error as NodeJS.ErrnoException);
    }
    const left = leases.map((lease) => leaveTo(lease, command.pid));
    task.onStarted();
    const watch = watchReadiness(task, over.signal, fail);
    const exitCode = await command.ended;
    hasEnded = true;
    await Promise.all(left);
    const leavesServer = task.isDetached === true && exitCode === EXIT.OK && !isStopping();
    const rest = leavesServer
      ? leaveToListeners(task, isStopping)
      : seeToRest({ command, leases, exitCode, isStopping, label: task.labelOf });
    await rest.catch(sayError);
    if (!leavesServer) over.abort();
    await watch;
    return exitCode;
  }

  const finished = toEnd().finally(() => {
    over.abort();
    clearTimeout(killing);
  });
  return { send, end, finished };
}

/** Has the lease live on with the command, should this process be killed. */
async function leaveTo(lease: Lease, pid: number): Promise<void> {
  try {
    await lease.leaveTo(pid);
  } catch (error) {
    // A command that has ended inherits nothing; a `moorage run` that it has started can have taken the lease up.
    const isSettled =
      PortError.is(error) && (error.code === "PROCESS_NOT_FOUND" || error.code === "LEASE_LOST");
    if (!isSettled) sayError(error);
  }
}

async function leaveToListeners({ leases, labelOf }: Task, isStopping: () => boolean): Promise<void> {
  for (const lease of leases) await leaveToListener(lease, labelOf(lease), isStopping);
}

/** Says where the servers of a command are when they are ready; fails when they are not in time. */
async function watchReadiness(
  { leases, labelOf, ready, isDetached = false }: Task,
  signal: AbortSignal,
  fail: (exitCode: number) => void,
): Promise<void> {
  if (!ready) return;
  const { seconds, urlOf } = ready;
  const watch = async (lease: Lease): Promise<void> => {
    const url = urlOf(lease);
    const why = await awaitReady(lease, { seconds, url, signal, isAnybodys: isDetached });
    if (why === null) say(`moorage: ${labelOf(lease)} is ready: ${url}`);
    if (why === null || signal.aborted) return;
    say(`moorage: TIMED_OUT: ${labelOf(lease)} is not ready after ${seconds} s: ${why}`);
    fail(EXIT.TIMED_OUT);
  };
  await Promise.all(leases.map(watch)).catch((error: unknown) => {
    sayError(error);
    fail(EXIT.RUN_FAILED);
  });
}

/** Says why a command could not be started, and returns the exit code of that. */
function sayNotStarted(
  { line: { command, parameters }, alternatives = [] }: Task,
  { code, errno, message }: NodeJS.ErrnoException,
): number {
  const what = `cannot start ${JSON.stringify(command)}`;
  if (code === "ENOENT") {
    // Of words that were to be services, one that is none has made a command of all.
    const other = alternatives.includes(command) && parameters.find((word) => !alternatives.includes(word));
    const none = typeof other === "string" ? `, and ${noService(other)}` : "";
    const but = alternatives.length === 0 ? "" : `${none}; the services here are ${alternatives.join(", ")}`;
    say(`moorage: COMMAND_NOT_FOUND: ${what}: command not found${but}`);
    return EXIT.NO_COMMAND;
  }
  say(`moorage: COMMAND_NOT_STARTED: ${what}: ${getSystemErrorMap().get(errno ?? 0)?.[1] ?? message}`);
  return EXIT.NOT_EXECUTABLE;
}

function noService(word: string): string {
  const why = word.startsWith("-") ? ": options of `run` stand before services" : "";
  return `${JSON.stringify(word)} is no service${why}`;
}

/** What people call a lease that has no name. */
export function labelByPorts({ ports }: Pick<Lease, "ports">): string {
  return formatPorts(ports);
}
