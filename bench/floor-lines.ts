// Lines that stand beside a floor, as a table: what the registry's and the host's benchmarks print.

export interface FloorLine {
  readonly id: string;
  readonly title: string;
  readonly ours: number;
  readonly unit: string;
  /** What it is held against, measured in turns with it, and what that is. */
  readonly floor: number | null;
  readonly floorTitle: string;
  readonly bar: string;
  readonly met: boolean;
}

export function printLines(lines: readonly FloorLine[]): void {
  const rows = [["case", "ours", "floor", "ratio", "bar", "", "the floor is"], ...lines.map(toRow)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
}

/** "11 of 12 bars met". */
export function countMet(lines: readonly FloorLine[]): string {
  const judged = lines.filter(({ bar }) => bar !== "");
  return `${judged.filter(({ met }) => met).length} of ${judged.length} bars met`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function toRow({ title, ours, unit, floor, floorTitle, bar, met }: FloorLine): string[] {
  const figure = (value: number): string =>
    `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${unit}`;
  return [
    title,
    figure(ours),
    floor === null ? "" : figure(floor),
    floor === null ? "" : `× ${(ours / floor).toFixed(2)}`,
    bar,
    bar === "" ? "" : met ? "met" : "MISSED",
    floorTitle,
  ];
}
