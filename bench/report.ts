// The table: each line's figure, its ratio to the yardstick, its growth, and whether it meets its bar.

import type { Bar, Case } from "./cases.ts";
import type { Measurement } from "./measure.ts";
import type { MemoryCase } from "./memory.ts";

export interface Line {
  readonly id: string;
  readonly of: string;
  readonly title: string;
  readonly unit: "ns" | "B";
  readonly ours: number;
  readonly yardstick: number;
  /** Times the line it grows from, where there is one. */
  readonly growth: number | null;
  readonly bar: string;
  readonly met: boolean;
  /** All batches, of ours. */
  readonly runs: readonly number[];
}

export function timeLine(
  { id, of, title, bar }: Case,
  ours: Measurement,
  yardstick: Measurement,
  times: ReadonlyMap<string, number>,
): Line {
  const base = bar.kind === "growth" ? times.get(bar.over) : undefined;
  const growth = base === undefined ? null : ours.ns / base;
  return {
    id,
    of,
    title,
    unit: "ns",
    ours: ours.ns,
    yardstick: yardstick.ns,
    growth,
    bar: describeBar(bar),
    met: isMet(bar, ours.ns, yardstick.ns, growth),
    runs: ours.runs,
  };
}

export function memoryLine({ id, of, title, bytes }: MemoryCase, ours: number, yardstick: number): Line {
  const bar = `≤ ${bytes} B`;
  return { id, of, title, unit: "B", ours, yardstick, growth: null, bar, met: ours <= bytes, runs: [ours] };
}

export function printTable(lines: readonly Line[]): void {
  const rows = [["", "case", "ours", "yardstick", "ratio", "growth", "bar", ""]];
  for (const { of, title, unit, ours, yardstick, growth, bar, met } of lines) {
    const digits = unit === "B" && ours < 100 ? 2 : ours < 100 ? 1 : 0;
    rows.push([
      of,
      title,
      `${ours.toFixed(digits)} ${unit}`,
      `${yardstick.toFixed(digits)} ${unit}`,
      (ours / yardstick).toFixed(3),
      growth === null ? "" : `× ${growth.toFixed(2)}`,
      bar,
      bar === "" ? "" : met ? "met" : "MISSED",
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  "),
    );
  }
}

function describeBar(bar: Bar): string {
  if (bar.kind === "none") return "";
  if (bar.kind === "growth") return `≤ × ${bar.times}`;
  return `≤ ${bar.ns} ns or ${bar.ofYardstick} × yardstick`;
}

/** A time is met where it is reached outright, or in relation to the yardstick of the same run. */
function isMet(bar: Bar, ours: number, yardstick: number, growth: number | null): boolean {
  if (bar.kind === "none") return true;
  if (bar.kind === "growth") return growth !== null && growth <= bar.times;
  return ours <= bar.ns || ours <= bar.ofYardstick * yardstick;
}
