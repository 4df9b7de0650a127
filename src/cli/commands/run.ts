// moorage run: a command with a leased port in its environment.
//
// The lease lives as long as this process does, which is as long as the command runs: signals are passed on
// and the exit code is the command's own, whatever else fails. No signal leaves a command without its lease, not
// even SIGKILL: the command is its heir.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";
import type { ListeningHold } from "../../contract/index.ts";
import { type Lease, open, PortError } from "../../node/index.ts";
import { acquireAsked } from "../acquire.ts";
import type { RequestFlags } from "../arguments.ts";
import { EXIT } from "../exit-codes.ts";
import { type CommandLine, expectFree, withSocket } from "../hand-over.ts";
import { expectTcp, listenOn } from "../listening-socket.ts";
import { say, sayError } from "../output.ts";
import { Signals, Stopped } from "../signals.ts";

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
  const registry = await open();
  using signals = new Signals();
  let socket: ListeningHold | undefined;
  let left: Promise<void> | undefined;
  try {
    const lease = await acquireAsked(registry, request, { hold, signal: signals.stop });
    const { port, name, lost } = lease;
    // The command goes on: it may not even listen, and whoever took the lease away knew that it runs.
    lost.addEventListener("abort", () => sayError(lost.reason));
    if (fd) socket = await listenOn(port);
    await signals.throwIfStopped();
    const env = { ...process.env, MOORAGE_LEASE: lease.id, [variable]: String(port) };
    const started = (pid: number): void => {
      say(`moorage: ${variable}=${port}${name === null ? "" : ` for ${name}`}`);
      left = leaveTo(lease, pid);
    };
    const handed = socket && { fd: socket.fd, name: name ?? "moorage" };
    return await runCommand({ command, parameters, env }, { handed, signals, started });
  } catch (error) {
    if (error instanceof Stopped) return EXIT.SIGNALLED + constants.signals[error.signal];
    throw error;
  } finally {
    await left;
    socket?.release();
    // What is not given back here is anybody's once this process has ended.
    await registry.close().catch(sayError);
  }
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

interface Start {
  /** A socket for the command, and what it is told to be. */
  readonly handed: { readonly fd: number; readonly name: string } | undefined;
  readonly signals: Signals;
  readonly started: (pid: number) => void;
}

/** Runs a command to its end and returns its exit code. */
async function runCommand(asked: CommandLine, { handed, signals, started }: Start): Promise<number> {
  try {
    const { command, parameters, env } = handed ? withSocket(asked, handed.name) : asked;
    const sockets = handed ? [handed.fd] : [];
    return await new Promise((resolve, reject) => {
      const child = spawn(command, parameters, { stdio: ["inherit", "inherit", "inherit", ...sockets], env });
      signals.passTo(child);
      child.once("spawn", () => started(child.pid!));
      // A running command has errors too: a signal that it may not be sent.
      child.on("error", (error) => child.pid === undefined && reject(error));
      child.once("exit", (code, signal) => {
        resolve(signal === null ? (code ?? EXIT.ERROR) : EXIT.SIGNALLED + constants.signals[signal]);
      });
    });
  } catch (error) {
    return sayNotStarted(asked.command, error as NodeJS.ErrnoException);
  }
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
