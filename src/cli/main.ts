#!/usr/bin/env node
// The way in: runs the program and turns whatever comes of it into an exit code.

import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { outliveOutput, print, sayError } from "./output.ts";
import { packageFile } from "./package-file.ts";
import { buildProgram, isHelp } from "./program.ts";

outliveOutput();
process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  const failure = (code: number): number => (argv[2] === "run" ? EXIT.RUN_FAILED : code);
  try {
    return await perform(argv);
  } catch (error) {
    // Commander has said on stderr what is wrong.
    if (error instanceof CommanderError) return failure(EXIT.USAGE);
    sayError(error);
    return failure(exitCodeOf(error));
  }
}

/** Does what the arguments say and returns the exit code. */
async function perform(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.OK;
  let help = "";
  const program = buildProgram(readVersion(), {
    done: (code) => (exitCode = code),
    help: (text) => (help += text),
  });
  if (argv.length <= 2) {
    program.outputHelp({ error: true });
    return EXIT.USAGE;
  }
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!isHelp(error)) throw withGoneFolder(error);
    await print(help);
  }
  return exitCode;
}

/** The error, or what it means where the system cannot say which folder this is. */
function withGoneFolder(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | null)?.syscall !== "uv_cwd") return error;
  const message = "`folder`: expected one that is there, and the current one is gone; change to another one";
  return new RangeError(message, { cause: error });
}

function readVersion(): string {
  const text = readFileSync(packageFile("package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
