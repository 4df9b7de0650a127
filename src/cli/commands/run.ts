// moorage run: a command with a leased port in its environment.
//
// The lease lives as long as this process does, which is as long as the command and what it has started run: signals
// are passed on, and the exit code is the command's own, whatever else fails. No signal leaves a command without its
// lease, not even SIGKILL: the command is its heir.

import type { StdioOptions } from "node:child_process";
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import type { ListeningHold } from "../../contract/index.ts";
import { type Lease, PortError } from "../../node/index.ts";
import { parseServiceName } from "../../project/index.ts";
import { formatPorts } from "../../registry/index.ts";
import type { RequestFlags } from "../arguments.ts";
import { EXIT } from "../exit-codes.ts";
import { say, sayError } from "../output.ts";
import { seeToRest, signalDaemons } from "../run/background.ts";
import { type StartedCommand, startCommand } from "../run/command.ts";
import { type CommandLine, expectFree, withSocket } from "../run/hand-over.ts";
import { expectTcp, listenOn } from "../run/listening-socket.ts";
import { openAsking } from "../service.ts";
import { ENDING, Signals, Stopped } from "../run/signals.ts";

export interface RunFlags extends RequestFlags {
  readonly env: string;
  readonly hold: boolean;
  readonly fd?: boolean;
}

export async function run(
  [command = "", ...parameters]: readonly string[],
  flags: RunFlags,
): Promise<number> {
  if (command === "")
    throw new RangeError("`command`: expected the name of a command, received an empty text");
  const { env: variable, hold, fd = false, ...request } = flags;
  if (fd) expectTcp(request.protocol);
  if (fd) expectFree(variable);
  const asking = await openAsking(request);
  using signals = new Signals();
  let socket: ListeningHold | undefined;
  try {
    const lease = await asking.lease({ hold, signal: signals.stop });
    const { port } = lease;
    const name = nameOf(lease);
    sayWhenLost(lease);
    if (fd) socket = await listenOn(port);
    await signals.throwIfStopped();
    const env = { ...process.env, MOORAGE_LEASE: lease.id, [variable]: String(port) };
    const handed = socket && { fd: socket.fd, name: name ?? "moorage" };
    const started = (): void => say(`moorage: ${variable}=${port}${name === null ? "" : ` for ${name}`}`);
    return await runCommand({ command, parameters, env }, { lease, handed, signals, started });
  } catch (error) {
    if (error instanceof Stopped) return EXIT.SIGNALLED + constants.signals[error.signal];
    throw error;
  } finally {
    socket?.release();
    // What is not given back here is anybody's once this process has ended.
    await asking[Symbol.asyncDispose]().then(undefined, sayError);
  }
}

/** The command goes on: it may not even listen, and whoever took the lease away knew that it runs. */
function sayWhenLost({ lost }: Lease): void {
  lost.addEventListener("abort", () => {
    const { reason } = lost;
    // Handed on, and that was said, or taken up by a `moorage run` that the command has started.
    if (PortError.is(reason) && reason.code === "LEASE_LOST" && reason.reason === "transferred") return;
    sayError(reason);
  });
}

/** Has the lease live on with the command, should this process be killed. */
async function leaveTo(lease: Lease, pid: number): Promise<void> {
  try {
    await lease.leaveTo(pid);
  } catch (error) {
    // A command that has ended inherits nothing.
    if (!PortError.is(error) || error.code !== "PROCESS_NOT_FOUND") sayError(error);
  }
}

/** A service by its own name. */
function nameOf({ name }: Lease): string | null {
  return parseServiceName(name ?? "")?.service ?? name;
}

function labelOf(lease: Lease): string {
  return nameOf(lease) ?? formatPorts(lease.ports);
}

interface Start {
  readonly lease: Lease;
  /** A socket for the command, and what it is told to be. */
  readonly handed: { readonly fd: number; readonly name: string } | undefined;
  readonly signals: Signals;
  readonly started: () => void;
}

/** Runs a command to its end and returns its exit code. */
async function runCommand(asked: CommandLine, { lease, handed, signals, started }: Start): Promise<number> {
  const stdio: StdioOptions = ["inherit", "inherit", "inherit", ...(handed ? [handed.fd] : [])];
  let command: StartedCommand;
  try {
    command = startCommand(handed ? withSocket(asked, handed.name) : asked, { stdio, leases: [lease.id] });
    signals.passTo((received) => {
      const reached = command.send(received);
      if (ENDING.has(received)) void signalDaemons([lease], received, reached).catch(sayError);
    });
    await command.started;
  } catch (error) {
    return sayNotStarted(asked.command, error as NodeJS.ErrnoException);
  }
  const left = leaveTo(lease, command.pid);
  started();
  const exitCode = await command.ended;
  await left;
  const isStopping = (): boolean => signals.ending !== undefined;
  await seeToRest({ command, leases: [lease], exitCode, isStopping, label: labelOf }).catch(sayError);
  return exitCode;
}

/** Says why a command could not be started, and returns the exit code of that. */
function sayNotStarted(command: string, { code, errno, message }: NodeJS.ErrnoException): number {
  const what = `cannot start ${JSON.stringify(command)}`;
  if (code === "ENOENT") {
    say(`moorage: COMMAND_NOT_FOUND: ${what}: command not found`);
    return EXIT.NO_COMMAND;
  }
  say(`moorage: COMMAND_NOT_STARTED: ${what}: ${getSystemErrorMap().get(errno ?? 0)?.[1] ?? message}`);
  return EXIT.NOT_EXECUTABLE;
}
