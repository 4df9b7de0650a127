// What can stand at the cursor of a command line, from the commands themselves: names of commands, options, and
// values, for which the words in angle brackets say what they are.
//
// Pure: values that only the registry knows are asked for by kind. What has been typed of the word is not looked
// at, except to tell an option; shells choose what fits, each in its own way.

import type { Argument, Command, Option } from "commander";

/** One thing that can stand there. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What a registry knows values of, as the words for them in a usage line say: `<name|port>`. */
const KINDS = ["name", "port"] as const;

export type ValueKind = (typeof KINDS)[number];

/**
 * What the shell is to do: offer candidates, or complete in its own way a file, a folder, or the command that begins
 * behind `skip` words.
 */
export type Completion =
  | { readonly kind: "values"; readonly values: readonly Candidate[] }
  | { readonly kind: "files" }
  | { readonly kind: "folders" }
  | { readonly kind: "command"; readonly skip: number };

export type KnownValues = (kind: ValueKind) => Promise<readonly Candidate[]>;

const NOTHING: Completion = { kind: "values", values: [] };

/** Completes the last of `words`, which follow the name of the program. The last can be empty. */
export async function complete(
  program: Command,
  words: readonly string[],
  known: KnownValues,
): Promise<Completion> {
  const first = words.findIndex((word) => !word.startsWith("-"));
  const current = words.at(-1) ?? "";
  if (first === -1) return { kind: "values", values: optionsOf(program) };
  const commands = program.createHelp().visibleCommands(program);
  if (first === words.length - 1) return { kind: "values", values: commands.map(toCandidate) };
  if (words[first] === "help") return { kind: "values", values: commands.map(toCandidate) };
  const command = commands.find((one) => one.name() === words[first]);
  if (!command) return NOTHING;

  const { awaiting, positionals, isLiteral } = read(command, words.slice(first + 1, -1));
  if (awaiting?.required) return await valuesOf(awaiting, { known });
  const argument = argumentAt(command, positionals);
  const isWord = current !== "" && !current.startsWith("-");
  if (argument && isCommandLine(argument) && (isLiteral || isWord)) {
    return { kind: "command", skip: words.length - positionals };
  }
  if (!isLiteral && current.startsWith("-")) {
    const [, flag, prefix] = /^((--[\w-]+)=)/u.exec(current) ?? [];
    const option = prefix === undefined ? undefined : findOption(command, prefix);
    if (option) return await valuesOf(option, { known, prefix: flag });
    return { kind: "values", values: optionsOf(command) };
  }
  const here = argument ? await valuesOf(argument, { known }) : NOTHING;
  const hasNone = here.kind === "values" && here.values.length === 0;
  return hasNone && current === "" && !isLiteral ? { kind: "values", values: optionsOf(command) } : here;
}

interface Reading {
  /** The option whose value comes next, or may come. */
  readonly awaiting: Option | undefined;
  readonly positionals: number;
  /** Whether `--` has come, or a word after which a command takes no more options: nothing is an option any more. */
  readonly isLiteral: boolean;
}

/** Goes through the words that stand behind a command. */
function read(command: Command, words: readonly string[]): Reading {
  let awaiting: Option | undefined;
  let positionals = 0;
  let isLiteral = false;
  for (const word of words) {
    const isValue = awaiting?.required === true || (awaiting?.optional === true && !word.startsWith("-"));
    awaiting = undefined;
    if (isValue) continue;
    if (isLiteral || !word.startsWith("-") || word === "-") {
      const argument = argumentAt(command, positionals);
      if (argument && isCommandLine(argument)) isLiteral = true;
      positionals += 1;
    } else if (word === "--") {
      isLiteral = true;
    } else if (!word.includes("=")) {
      const option = findOption(command, word);
      if (option && (option.required || option.optional)) awaiting = option;
    }
  }
  return { awaiting, positionals, isLiteral };
}

function findOption(command: Command, word: string): Option | undefined {
  return command.options.find(({ short, long }) => word === short || word === long);
}

/** The argument that the word after so many is for: the last one takes what follows, if it takes several. */
function argumentAt(command: Command, at: number): Argument | undefined {
  const all = command.registeredArguments;
  const last = all.at(-1);
  return all[at] ?? (last?.variadic === true ? last : undefined);
}

/** Whether another command begins here, whose options are its own. */
function isCommandLine(argument: Argument): boolean {
  return argument.variadic && kindsOf(argument).includes("command");
}

/** The words in the brackets: "name" and "port" of `<name|port>` and of `--name <name>`. */
function kindsOf(value: Argument | Option): string[] {
  const text = "flags" in value ? (/[<[]([^>\]]+)[>\]]/u.exec(value.flags)?.[1] ?? "") : value.name();
  return text.replace(/\.\.\.$/u, "").split("|");
}

async function valuesOf(
  value: Argument | Option,
  { known, prefix = "" }: { readonly known: KnownValues; readonly prefix?: string | undefined },
): Promise<Completion> {
  const choices = value.argChoices?.map((choice) => ({ value: prefix + choice, description: "" }));
  if (choices) return { kind: "values", values: choices };
  const kinds = kindsOf(value);
  if (kinds.includes("file")) return { kind: "files" };
  if (kinds.includes("folder")) return { kind: "folders" };
  const values = await Promise.all(KINDS.filter((kind) => kinds.includes(kind)).map(known));
  return { kind: "values", values: values.flat().map((one) => ({ ...one, value: prefix + one.value })) };
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map(({ short, long, description }) => ({ value: long ?? short ?? "", description }));
}

function toCandidate(command: Command): Candidate {
  return { value: command.name(), description: command.description() };
}
