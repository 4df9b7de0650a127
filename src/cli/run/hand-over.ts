// A socket as fd 3 of a command, and how the command is told of it.
//
// sd_listen_fds(3) wants the pid of the process that the socket is for, so that children do not take it for theirs.
// It is not known before the process is there: a shell puts its own into the environment and becomes the command,
// which keeps the pid, the signals and the exit code.

import { expectProgram, isProgram } from "./program-file.ts";

/** A command as spawn() takes it. */
export interface CommandLine {
  readonly command: string;
  readonly parameters: readonly string[];
  /** Where it runs. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

const BECOME_COMMAND = 'LISTEN_PID=$$ exec "$@"';
/** What a shell takes over from its environment (POSIX, 3.231 Name); dash drops the rest. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/u;

/** What the command is told of the socket by. */
const TOLD_BY = ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID", "NGINX"];

/** @throws RangeError for a variable of the port that the command is told of the socket by. */
export function expectFree(variable: string): void {
  if (!TOLD_BY.includes(variable)) return;
  throw new RangeError(`\`--env\`: expected a variable that --fd does not set itself, received ${variable}`);
}

/**
 * The same command with a socket for its fd 3, whose `name` it is told too.
 *
 * @throws as spawn() does, an error with a `code`, when there is no such program.
 */
export function withSocket({ command, parameters, folder, env }: CommandLine, name: string): CommandLine {
  expectProgram(command, env["PATH"]);
  return {
    command: "/bin/sh",
    folder,
    parameters: ["-c", BECOME_COMMAND, "sh", ...keepUnnamable(command, env), command, ...parameters],
    env: {
      ...env,
      LISTEN_FDS: "1",
      // Its names are of printable ASCII without colons, 255 at most.
      LISTEN_FDNAMES: name.replaceAll(/[^ -9;-~]/gu, "_").slice(0, 255),
      // The pid by another number, of whoever was handed a socket before.
      LISTEN_PIDFDID: undefined,
      // What nginx hands its sockets to its successor by.
      NGINX: "3;",
    },
  };
}

/** What has env(1) set the variables again that a shell cannot name. It takes a command with "=" in it for another one. */
function keepUnnamable(command: string, env: NodeJS.ProcessEnv): string[] {
  const variables = Object.entries(env).filter(([name]) => !SHELL_NAME.test(name));
  if (variables.length === 0 || command.includes("=") || !isProgram("env", env["PATH"])) return [];
  return ["env", "--", ...variables.map(([name, value]) => `${name}=${value}`)];
}
