// moorage export and moorage import: what a registry keeps, from one store into another.

import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { describe } from "../../core/expect.ts";
import { exportRecords, type ImportReport, importRecords } from "../../node/index.ts";
import { EXIT } from "../exit-codes.ts";
import { inFlags } from "../flags.ts";
import { print, say } from "../output.ts";

export interface ExportFlags {
  readonly all?: boolean;
}

export interface ImportFlags {
  readonly merge?: boolean;
}

/** Prints what is kept. */
export async function exportTo({ all }: ExportFlags): Promise<number> {
  return (await print(await exportRecords({ all }))) ? EXIT.OK : EXIT.ERROR;
}

/** Reads a file, or stdin. */
export async function importFrom(file: string | undefined, { merge }: ImportFlags): Promise<number> {
  const text = file === undefined || file === "-" ? await textOf(process.stdin) : await readText(file);
  const { names, leases, others, skipped, leftBehind } = await importInFlags(text, merge);
  say(`imported ${count(names, "name")}, ${count(leases, "lease")}, ${count(others, "other record")}`);
  if (skipped.length > 0) say(`left as they are: ${skipped.join(", ")}`);
  if (leftBehind > 0) {
    const theirs =
      leftBehind === 1
        ? "it was granted: its process goes on there and is"
        : "they were granted: their processes go on there and are";
    say(`${count(leftBehind, "lease")} can only live where ${theirs} not known here`);
  }
  return EXIT.OK;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`\`file\`: expected one that can be read, received ${describe(file)}: ${why}`, {
      cause,
    });
  }
}

/** @throws as `importRecords`, in the words of the command line. */
async function importInFlags(text: string, merge: boolean | undefined): Promise<ImportReport> {
  try {
    return await importRecords(text, { merge });
  } catch (error) {
    if (error instanceof Error) error.message = inFlags(error.message);
    throw error;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
