// What can stand at the cursor of a command line, from the commands themselves: names of commands, options, and
// values, for which the words in angle brackets say what they are.
//
// Pure: values that only the registry knows are asked for by kind. What has been typed of the word is not looked
// at, except to tell an option, and a command from services; shells choose what fits, each in its own way.

import type { Argument, Command, Option } from "commander";

/** One thing that can stand there. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/**
 * What a registry or a config knows values of, as the words for them in a usage line say: `<name|port>`. A service is
 * one that the config has a command for.
 */
const KINDS = ["name", "port", "group", "service"] as const;

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

export interface KnownOptions {
  /** Whether names are of the whole machine: `--global` was said. */
  readonly isGlobal: boolean;
}

export type KnownValues = (kind: ValueKind, options: KnownOptions) => Promise<readonly Candidate[]>;

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

  const { awaiting, positionals, isLiteral, isBehindDashes, isGlobal } = read(
    command,
    words.slice(first + 1, -1),
  );
  const values = async (value: Argument | Option, prefix = ""): Promise<Completion> =>
    await valuesOf(value, prefix, (kind) => known(kind, { isGlobal }));
  if (awaiting?.required) return await values(awaiting);
  const argument = argumentAt(command, positionals.length);
  const isLater = positionals.length > 0 || (current !== "" && !current.startsWith("-"));
  if (argument && isCommandLine(argument) && (isBehindDashes || isLater)) {
    // Without --, words are services as long as each can be one, and nothing behind the first is an option.
    const services = isBehindDashes ? [] : await known("service", { isGlobal });
    const canBe = (word: string): boolean => services.some(({ value }) => value === word);
    const areServices = positionals.every(canBe) && services.some(({ value }) => value.startsWith(current));
    if (areServices) return { kind: "values", values: services };
    return { kind: "command", skip: words.length - positionals.length };
  }
  if (!isLiteral && current.startsWith("-")) {
    const [, flag, prefix] = /^((--[\w-]+)=)/u.exec(current) ?? [];
    const option = prefix === undefined ? undefined : findOption(command, prefix);
    if (option) return await values(option, flag);
    return { kind: "values", values: optionsOf(command) };
  }
  const here = argument ? await values(argument) : NOTHING;
  const hasNone = here.kind === "values" && here.values.length === 0;
  return hasNone && current === "" && !isLiteral ? { kind: "values", values: optionsOf(command) } : here;
}

interface Reading {
  /** The option whose value comes next, or may come. */
  readonly awaiting: Option | undefined;
  readonly positionals: readonly string[];
  /** Whether `--` has come, or a word after which a command takes no more options: nothing is an option any more. */
  readonly isLiteral: boolean;
  readonly isBehindDashes: boolean;
  readonly isGlobal: boolean;
}

/** Goes through the words that stand behind a command. */
function read(command: Command, words: readonly string[]): Reading {
  let awaiting: Option | undefined;
  const positionals: string[] = [];
  let isLiteral = false;
  let isBehindDashes = false;
  let isGlobal = false;
  for (const word of words) {
    const isValue = awaiting?.required === true || (awaiting?.optional === true && !word.startsWith("-"));
    awaiting = undefined;
    if (isValue) continue;
    if (isLiteral || !word.startsWith("-") || word === "-") {
      const argument = argumentAt(command, positionals.length);
      if (argument && isCommandLine(argument)) isLiteral = true;
      positionals.push(word);
    } else if (word === "--") {
      isLiteral = true;
      isBehindDashes = true;
    } else if (word === "--global") {
      isGlobal = true;
    } else if (!word.includes("=")) {
      const option = findOption(command, word);
      if (option && (option.required || option.optional)) awaiting = option;
    }
  }
  return { awaiting, positionals, isLiteral, isBehindDashes, isGlobal };
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
  prefix: string,
  known: (kind: ValueKind) => Promise<readonly Candidate[]>,
): Promise<Completion> {
  const choices = value.argChoices?.map((choice) => ({ value: prefix + choice, description: "" }));
  if (choices) return { kind: "values", values: choices };
  // Where a command can be left out, services stand in its place.
  const kinds = kindsOf(value).map((kind) => (kind === "command" ? "service" : kind));
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
