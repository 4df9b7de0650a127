// The values of options and arguments: text in, a checked value out, or an error that says what was expected and
// received; which option it is about is put before it (see flags.ts).

import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { parsePort, PortError, PortSet, type Transport } from "../core/index.ts";
import { expectTransport } from "../core/binding.ts";
import { expectName } from "../registry/index.ts";
import type { Variable } from "./run/job.ts";

/** What `run` and `get` share. */
export interface RequestFlags {
  readonly name?: string;
  readonly ports?: PortSet;
  readonly prefer?: number;
  readonly protocol?: readonly Transport[];
  readonly kept?: boolean;
  /** Whether the name is one for the whole machine, and no service of this place. */
  readonly global?: boolean;
  /** Seconds; `true`: for as long as it takes. */
  readonly wait?: number | true;
}

/** Adds the options that say which port is wanted. */
export function withRequestFlags(command: Command): Command {
  return command
    .option(
      "-n, --name <name>",
      "the service of this worktree: one holder at a time, the same port again",
      nameOption,
    )
    .addOption(globalOption())
    .option("-p, --ports <ports>", 'choose from these only, as in "20000-20999,!20080"', portsOption)
    .option("--prefer <port>", "try this port first", portArgument)
    .addOption(
      new Option("--protocol <protocols>", "the transport protocol, or one number in both")
        .choices(["tcp", "udp", "tcp,udp"])
        .argParser(protocolOption),
    )
    .option("--kept", "the name keeps its ports when the lease ends, until release --give-up")
    .option("--wait [seconds]", "wait until a port is free, in the order of those who wait", secondsOption);
}

/** Whose names are meant. */
export function globalOption(): Option {
  return new Option("--global", "the name is one for the whole machine, and no service of this worktree");
}

function portArgument(text: string): number {
  try {
    return parsePort(text);
  } catch (error) {
    if (!PortError.is(error)) throw error;
    throw new InvalidArgumentError(notAPort(text));
  }
}

export function notAPort(text: string): string {
  return `expected a port from 1 to 65535, ${received(text)}`;
}

/** A port, or text that is none: somebody who has a name in mind is told its ports. */
export function portOrTextArgument(text: string): string | number {
  return /^\d+$/u.test(text) ? portArgument(text) : text;
}

/** A port, or a name: no name is a number. */
export function targetArgument(text: string): string | number {
  return /^\d+$/u.test(text) ? portArgument(text) : nameOption(text);
}

function portsOption(text: string): PortSet {
  try {
    return PortSet.parse(text);
  } catch (error) {
    if (!PortError.is(error)) throw error;
    const { message } = error;
    // What comes before it names the text.
    const reason = message.slice(message.indexOf(": ") + 2);
    throw new InvalidArgumentError(`expected ports as in "20000-20999,!20080", ${received(text)}: ${reason}`);
  }
}

function protocolOption(text: string): Transport[] {
  try {
    return text.split(",").map((protocol) => expectTransport(protocol.trim()));
  } catch (error) {
    if (!PortError.is(error)) throw error;
    throw new InvalidArgumentError(`expected tcp, udp or "tcp,udp", ${received(text)}`);
  }
}

const SHELLS = ["bash", "zsh", "fish"];

/** The shells that there is a script for. */
export function shellArgument(): Argument {
  return new Argument("<shell>", "the shell to make it for").choices(SHELLS).argParser((text) => {
    if (SHELLS.includes(text)) return text;
    throw new InvalidArgumentError(`expected bash, zsh or fish, ${received(text)}`);
  });
}

export function secondsOption(text: string): number {
  return wholeNumber(text, 86_400);
}

export function nameOption(text: string): string {
  try {
    return expectName("name", text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(error.message.slice("`name`: ".length));
  }
}

export function countArgument(text: string): number {
  return wholeNumber(text, 1000);
}

export function pidOption(text: string): number {
  return wholeNumber(text, 2 ** 31 - 1);
}

/** "API_PORT", or "VITE_API={api.url}"; after those of the same option before. */
export function envOption(text: string, before: readonly Variable[] = []): Variable[] {
  const at = text.indexOf("=");
  const name = variableOption(at === -1 ? text : text.slice(0, at));
  return [...before, { name, text: at === -1 ? null : text.slice(at + 1) }];
}

/** The name of an environment variable that a shell can use (POSIX, 3.231 Name). */
function variableOption(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/u.test(text)) {
    throw new InvalidArgumentError(
      `expected letters, digits and underscores, and no digit first, ${received(text)}`,
    );
  }
  return text;
}

function wholeNumber(text: string, max: number): number {
  if (!/^[1-9][0-9]*$/u.test(text) || Number(text) > max) {
    throw new InvalidArgumentError(`expected a whole number from 1 to ${max}, ${received(text)}`);
  }
  return Number(text);
}

function received(text: string): string {
  return `received ${JSON.stringify(text)}`;
}
