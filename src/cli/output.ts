// stdout is data, stderr is for people.

/** Writes data, and waits until it is written: a pipe may be slower than the program. */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error && !isClosedPipe(error) ? reject(error) : resolve()));
  });
}

/** Writes a line for people. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A reader that has seen enough, as `head`, closes the pipe: nothing is wrong then. */
export function isClosedPipe(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "EPIPE";
}

/** Columns of text, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at]!))).join("  ");
  return rows.map((row) => `${line(row)}\n`).join("");
}
