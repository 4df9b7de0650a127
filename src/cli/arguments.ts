// The values of options and arguments: text in, a checked value out, or an error that commander completes
// with the option's name and the text.

import { type Command, InvalidArgumentError } from "commander";
import { parsePort, PortError, PortSet, type Transport } from "../core/index.ts";
import { expectTransport } from "../core/binding.ts";
import { expectName } from "../registry/index.ts";

/** What `run` and `get` share. */
export interface RequestFlags {
  readonly name?: string;
  readonly ports?: PortSet;
  readonly prefer?: number;
  readonly protocol?: readonly Transport[];
  readonly kept?: boolean;
  /** Seconds; `true`: for as long as it takes. */
  readonly wait?: number | true;
}

/** Adds the options that say which port is wanted. */
export function withRequestFlags(command: Command): Command {
  return command
    .option("-n, --name <name>", "lease under a name: one holder at a time, the same port again", nameOption)
    .option("-p, --ports <ports>", 'choose from these only, as in "20000-20999,!20080"', portsOption)
    .option("--prefer <port>", "try this port first", portArgument)
    .option("--protocol <protocols>", 'tcp, udp, or "tcp,udp" for one number in both', protocolOption)
    .option("--kept", "the name keeps its ports when the lease ends, until release --give-up")
    .option("--wait [seconds]", "wait until a port is free, in the order of those who wait", secondsOption);
}

export function portArgument(text: string): number {
  return explained(() => parsePort(text));
}

/** A port, or a name: no name is a number. */
export function targetArgument(text: string): string | number {
  return /^\d+$/u.test(text) ? portArgument(text) : nameOption(text);
}

function portsOption(text: string): PortSet {
  return explained(() => PortSet.parse(text));
}

function protocolOption(text: string): Transport[] {
  return explained(() => text.split(",").map((protocol) => expectTransport(protocol.trim())));
}

export function secondsOption(text: string): number {
  return wholeNumber(text, 86_400);
}

export function nameOption(text: string): string {
  return explained(() => expectName("name", text));
}

export function countArgument(text: string): number {
  return wholeNumber(text, 1000);
}

export function pidOption(text: string): number {
  return wholeNumber(text, 2 ** 31 - 1);
}

/** The name of an environment variable that a shell can use (POSIX, 3.231 Name). */
export function variableOption(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/u.test(text)) {
    throw new InvalidArgumentError(
      "A variable has letters, digits and underscores, and begins with no digit.",
    );
  }
  return text;
}

function wholeNumber(text: string, max: number): number {
  if (!/^[1-9][0-9]*$/u.test(text) || Number(text) > max) {
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
  }
  return Number(text);
}

/** The error without its beginning, for commander says itself which option and which text it is about. */
function explained<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!PortError.is(error) && !(error instanceof RangeError)) throw error;
    const { message } = error;
    const reason = message.slice(message.indexOf(": ") + 2);
    throw new InvalidArgumentError(`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
  }
}
