// The table: each line's figure, its ratio to the yardstick, its growth, and whether it meets its bar.

import type { Bar, Case } from "./case.ts";
import type { Measurement } from "./measure.ts";
import type { MemoryCase } from "./memory.ts";
import { isAtRest } from "./probe.ts";
import type { Batch } from "./worker.ts";

/** How many rounds at rest it takes for the others to be left out. */
const FEWEST = 5;

export interface Line {
  readonly id: string;
  readonly of: string;
  readonly title: string;
  readonly unit: "ns" | "B";
  /** The median of the batches that had the core for themselves; of all of them, where these are few. */
  readonly ours: number;
  readonly yardstick: number;
  /** The median of the ratios to the yardstick, round by round. */
  readonly ratio: number;
  /** The median of the ratios to the line it grows from, round by round, where there is one. */
  readonly growth: number | null;
  readonly bar: string;
  readonly met: boolean;
  /** The median of all batches of ours, a busy core or not. */
  readonly oursOverall: number;
  /** The share of the batches of ours that had the core for themselves. */
  readonly atRest: number | null;
  /** All batches of ours. */
  readonly runs: readonly number[];
}

/**
 * @param base The measurement of the case that the bar compares with.
 * @param fastestProbe Of the whole run: what others are held against.
 */
export function timeLine(
  { id, of, title, bar }: Case,
  { ours, yardstick }: Measurement,
  base: Measurement | undefined,
  fastestProbe: number,
): Line {
  const rests = (batches: readonly Batch[]): boolean[] =>
    batches.map(({ probe }) => isAtRest(probe, fastestProbe));
  const oursRests = rests(ours);
  const yardstickRests = rests(yardstick);
  const time = median(select(times(ours), oursRests));
  const ratio = median(select(ratios(ours, yardstick), both(oursRests, yardstickRests)));
  const growth =
    base === undefined ? null : median(select(ratios(ours, base.ours), both(oursRests, rests(base.ours))));
  return {
    id,
    of,
    title,
    unit: "ns",
    ours: time,
    yardstick: median(select(times(yardstick), yardstickRests)),
    ratio,
    growth,
    bar: describeBar(bar),
    met: isMet(bar, time, ratio, growth),
    oursOverall: median(times(ours)),
    atRest: oursRests.filter(Boolean).length / ours.length,
    runs: times(ours),
  };
}

export function memoryLine({ id, of, title, bytes }: MemoryCase, ours: number, yardstick: number): Line {
  return {
    id,
    of,
    title,
    unit: "B",
    ours,
    yardstick,
    ratio: ours / yardstick,
    growth: null,
    bar: `≤ ${bytes} B`,
    met: ours <= bytes,
    oursOverall: ours,
    atRest: null,
    runs: [ours],
  };
}

export function printTable(lines: readonly Line[]): void {
  const rows = [["", "case", "ours", "yardstick", "ratio", "growth", "bar", "", "overall", "at rest"]];
  for (const { of, title, unit, ours, yardstick, ratio, growth, bar, met, oursOverall, atRest } of lines) {
    const digits = unit === "B" && ours < 100 ? 2 : ours < 100 ? 1 : 0;
    rows.push([
      of,
      title,
      `${ours.toFixed(digits)} ${unit}`,
      `${yardstick.toFixed(digits)} ${unit}`,
      ratio.toFixed(3),
      growth === null ? "" : `× ${growth.toFixed(2)}`,
      bar,
      bar === "" ? "" : met ? "met" : "MISSED",
      atRest === null ? "" : `${oursOverall.toFixed(digits)} ${unit}`,
      atRest === null ? "" : `${Math.round(atRest * 100)} %`,
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

/** The values of rounds at rest; all of them, where fewer than FEWEST were. */
function select(values: readonly number[], atRest: readonly boolean[]): readonly number[] {
  const selected = values.filter((_, round) => atRest[round]);
  return selected.length < FEWEST ? values : selected;
}

function times(batches: readonly Batch[]): number[] {
  return batches.map(({ ns }) => ns);
}

/** What a batch took in relation to the one of the same round. */
function ratios(batches: readonly Batch[], of: readonly Batch[]): number[] {
  return batches.map(({ ns }, round) => ns / of[round]!.ns);
}

function both(one: readonly boolean[], other: readonly boolean[]): boolean[] {
  return one.map((atRest, round) => atRest && other[round]!);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function describeBar(bar: Bar): string {
  if (bar.kind === "none") return "";
  if (bar.kind === "growth") return `≤ × ${bar.times}`;
  return `≤ ${bar.ns} ns or ${bar.ofYardstick} × yardstick`;
}

/** A time is met where it is reached outright, or in relation to the yardstick of the same rounds. */
function isMet(bar: Bar, time: number, ratio: number, growth: number | null): boolean {
  if (bar.kind === "none") return true;
  if (bar.kind === "growth") return growth !== null && growth <= bar.times;
  return time <= bar.ns || ratio <= bar.ofYardstick;
}
