// moorage run: a command with a leased port in its environment.
//
// The lease lives as long as this process does, which is as long as the command runs: signals are passed on
// and the exit code is the command's own.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { open } from "../../node/index.ts";
import type { RequestFlags } from "../arguments.ts";
import { EXIT } from "../exit-codes.ts";
import { say } from "../output.ts";

export interface RunFlags extends RequestFlags {
  readonly env: string;
}

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** What a terminal sends to every process in the foreground, the command too. */
const FROM_KEYBOARD: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

export async function run(
  [command = "", ...parameters]: readonly string[],
  flags: RunFlags,
): Promise<number> {
  if (command === "")
    throw new RangeError("`command`: expected the name of a command, received an empty text");
  const { env: variable, ...request } = flags;
  await using registry = await open();
  const lease = await registry.acquire(request);
  say(`moorage: ${variable}=${lease.port}${lease.name === null ? "" : ` for ${lease.name}`}`);
  return await runCommand(command, parameters, { ...process.env, [variable]: String(lease.port) });
}

/** Runs a command to its end and returns its exit code. */
function runCommand(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { stdio: "inherit", env });
    const passOn = (signal: NodeJS.Signals): void => {
      if (!(process.stdin.isTTY && FROM_KEYBOARD.has(signal))) child.kill(signal);
    };
    for (const signal of PASSED_ON) process.on(signal, passOn);
    const finish = (code: number): void => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      resolve(code);
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      const missing = error.code === "ENOENT";
      say(
        `moorage: cannot start ${JSON.stringify(command)}: ${missing ? "command not found" : error.message}`,
      );
      finish(missing ? EXIT.NO_COMMAND : EXIT.NOT_EXECUTABLE);
    });
    child.once("exit", (code, signal) => {
      finish(signal === null ? (code ?? EXIT.ERROR) : EXIT.SIGNALLED + constants.signals[signal]);
    });
  });
}
