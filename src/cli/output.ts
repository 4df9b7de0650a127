// stdout is data, stderr is for people. Nobody is left to be told that stderr is broken, so that writing to
// it never fails; data that cannot be written is an error of the command that prints it.

import { printable } from "../report/describe.ts";
import { errorCodeOf, OutputError } from "./exit-codes.ts";
import { withNextStep } from "./next-step.ts";

/** Keeps a broken stdout or stderr from ending the program: whoever prints is told by `print`. */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/**
 * Writes data, and waits until it is written: a pipe may be slower than the program. False when the reader
 * closed the pipe, as `head` does that has seen enough.
 *
 * @throws OutputError when it cannot be written for another reason.
 */
export async function print(text: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    process.stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error) resolve(true);
      else if (error.code === "EPIPE") resolve(false);
      else reject(new OutputError(error));
    });
  });
}

/** Writes a line for people. */
export function say(line: string): void {
  sayText(`${line}\n`);
}

/** Writes text for people. */
export function sayText(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // See above.
  }
}

/**
 * Writes an error for people, after its stable code, with what to do next. What it names can be somebody else's, as a
 * key of a config is: it steers no terminal.
 */
export function sayError(error: unknown): void {
  const lines = withNextStep(error).split("\n").map(printable);
  say(`moorage: ${errorCodeOf(error)}: ${lines.join("\n")}`);
}

/** Columns of text, each as wide as its widest cell. Goes through the rows twice, and keeps none. */
export function table(rows: Iterable<readonly string[]>): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) widths[at] = Math.max(widths[at] ?? 0, row[at]!.length);
  }
  const lines: string[] = [];
  for (const row of rows) {
    const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]!)));
    lines.push(`${cells.join("  ")}\n`);
  }
  return lines.join("");
}
