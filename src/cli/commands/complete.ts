// moorage complete: what can stand at the cursor. For the scripts of completions/, which ask at each press of a key.

import type { Command } from "commander";
import {
  type Candidate,
  complete as completeWords,
  type KnownOptions,
  type ValueKind,
} from "../completion/complete.ts";
import { knownValues } from "../completion/known-values.ts";
import { EXIT } from "../exit-codes.ts";
import { print } from "../output.ts";

export async function complete(program: Command, words: readonly string[]): Promise<number> {
  const completion = await completeWords(program, words, quietly);
  const lines =
    completion.kind === "values"
      ? ["values", ...completion.values.map(({ value, description }) => `${value}\t${description}`)]
      : [completion.kind === "command" ? `command ${completion.skip}` : completion.kind];
  await print(`${lines.join("\n")}\n`);
  return EXIT.OK;
}

/** Nobody who presses a key wants to read why there is nothing. */
async function quietly(kind: ValueKind, options: KnownOptions): Promise<readonly Candidate[]> {
  try {
    return await knownValues(kind, options);
  } catch {
    return [];
  }
}
