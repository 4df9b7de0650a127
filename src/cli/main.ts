#!/usr/bin/env node
// The way in: runs the program and turns whatever comes of it into an exit code.

import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { errorCodeOf, EXIT, exitCodeOf } from "./exit-codes.ts";
import { isClosedPipe, say } from "./output.ts";
import { buildProgram, isHelp } from "./program.ts";

process.stdout.on("error", (error) => {
  if (!isClosedPipe(error)) throw error;
});
process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  const failure = (code: number): number => (argv[2] === "run" ? EXIT.RUN_FAILED : code);
  let exitCode: number = EXIT.OK;
  try {
    const program = buildProgram(readVersion(), (code) => (exitCode = code));
    if (argv.length <= 2) {
      program.outputHelp({ error: true });
      return EXIT.USAGE;
    }
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (isHelp(error)) return EXIT.OK;
    // Commander has said on stderr what is wrong.
    if (error instanceof CommanderError) return failure(EXIT.USAGE);
    const message = error instanceof Error ? error.message : String(error);
    say(`moorage: ${errorCodeOf(error)}: ${message}`);
    return failure(exitCodeOf(error));
  }
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
