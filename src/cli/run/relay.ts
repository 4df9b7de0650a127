// The output of services that run side by side: whole lines, each behind the name of its service.

import type { Readable, Writable } from "node:stream";
import type { WriteStream } from "node:tty";

/** Foreground colours of ECMA-48 that are read on dark and on light. */
const COLOURS = [36, 33, 32, 35, 34, 31];

/** What stands before the lines of each service: as wide for all, in a colour of its own where `isColoured`. */
export function prefixes(names: readonly string[], isColoured: boolean): Map<string, string> {
  const width = Math.max(...names.map((name) => name.length));
  return new Map(
    names.map((name, at) => {
      const text = `${name.padEnd(width)} | `;
      return [name, isColoured ? `\u001b[${COLOURS[at % COLOURS.length]}m${text}\u001b[39m` : text];
    }),
  );
}

/** Whether a stream shows colours: on a terminal, unless somebody objects (https://no-color.org). */
export function showsColours(stream: Pick<WriteStream, "isTTY">): boolean {
  return stream.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

/**
 * Writes what comes line by line, each behind `prefix`; a last line without an end gets one. A reader that is slow slows
 * its writer down; one that is gone does not stop it.
 */
export function relay(source: Readable, sink: Writable, prefix: string): void {
  let begun = "";
  const write = (text: string): void => {
    if (!sink.writable || sink.write(text)) return;
    source.pause();
    sink.once("drain", () => source.resume());
  };
  sink.once("close", () => source.resume());
  source.setEncoding("utf8");
  source.on("data", (text: string) => {
    const lines = (begun + text).split("\n");
    begun = lines.pop()!;
    if (lines.length > 0) write(lines.map((line) => `${prefix}${line}\n`).join(""));
  });
  source.once("end", () => {
    if (begun !== "") write(`${prefix}${begun}\n`);
  });
}
