// A table that fits a terminal: columns are as wide as their widest cell; where that is too much, one is shortened and
// others are left out, by an order of what is missed least.
//
// Rows are gone through twice and not kept: of a hundred thousand, the texts are more than all else. A cell that is a
// plain text is ASCII by how it was made and as wide as it is long; anything else says its width.

import type { Terminal } from "./terminal.ts";
import { displayWidth, fit, onOneLine } from "./width.ts";

export interface Cell {
  readonly text: string;
  readonly width: number;
  /** What is put around the text when it is written; it takes no width. */
  readonly dress?: ((text: string) => string) | undefined;
}

/** A cell with a text of somebody else's. */
export function cellOf(text: string): Cell {
  const shown = onOneLine(text);
  return { text: shown, width: displayWidth(shown) };
}

/** A row of cells, or a line of its own, which is cut where it is too long. */
export type Row = readonly (string | Cell)[] | Line;

interface Line {
  readonly line: string;
  readonly dress?: ((text: string) => string) | undefined;
}

interface Column {
  readonly head: string;
  /** How narrow it may become. @default as wide as its widest cell */
  readonly least?: number | undefined;
}

export interface Layout {
  readonly columns: readonly Column[];
  /** The columns that are left out where there is too little room, one after the other. */
  readonly dropping: readonly number[];
  /** In front of every row of cells. */
  readonly indent: string;
}

const GAP = 2;
/** Lines are put together before the garbage collector has to move them, as slots are in a list. */
const LINES_AT_ONCE = 500;

/** The text of a table, some lines at a time; columns of which no row has anything are left out. */
export function* layOut(rows: Iterable<Row>, layout: Layout, terminal: Terminal): Generator<string> {
  const lineOf = lineWriter(fitColumns(measure(rows, layout), layout, terminal.columns), layout, terminal);
  const head = layout.columns.map(({ head: text }) => ({
    text,
    width: text.length,
    dress: (cut: string) => terminal.style(cut, "dim"),
  }));
  let lines = [lineOf(head)];
  for (const row of rows) {
    if (lines.length === LINES_AT_ONCE) {
      yield `${lines.join("\n")}\n`;
      lines = [];
    }
    lines.push(lineOf(row));
  }
  yield `${lines.join("\n")}\n`;
}

/** What makes a line of each row, given the widths of the columns; 0: the column is left out. */
function lineWriter(widths: readonly number[], { indent }: Layout, terminal: Terminal): (row: Row) => string {
  const more = terminal.isUnicode ? "…" : "...";
  const last = widths.findLastIndex((width) => width > 0);
  /** The text of a cell, and the gap behind it where another one follows. */
  const padded = (cell: string | Cell, at: number): string => {
    const width = widths[at]!;
    const room = at === last ? 0 : width + GAP;
    if (typeof cell === "string" && cell.length <= width) return cell.padEnd(room);
    const {
      text,
      width: wide,
      dress,
    }: Cell = typeof cell === "string" ? { text: cell, width: cell.length } : cell;
    const cut = wide > width ? fit(text, width, more) : text;
    return (dress ? dress(cut) : cut) + " ".repeat(Math.max(room - Math.min(wide, width), 0));
  };
  // The end of the line before from each column on: in a long list, most of a row is what the row before says.
  const ends = [...widths.map(() => ""), ""];
  let before: readonly (string | Cell)[] = [];
  return (row) => {
    if (isLine(row)) {
      const cut = terminal.columns === Infinity ? onOneLine(row.line) : fit(row.line, terminal.columns, more);
      return row.dress ? row.dress(cut) : cut;
    }
    let at = last;
    while (at >= 0 && row[at] === before[at]) at--;
    for (; at >= 0; at--) {
      ends[at] = widths[at] === 0 ? ends[at + 1]! : padded(row[at] ?? "", at) + ends[at + 1]!;
    }
    before = row;
    const line = indent + ends[0]!;
    return row.length > last ? line : line.trimEnd();
  };
}

function isLine(row: Row): row is Line {
  return !Array.isArray(row);
}

/** How wide each column would like to be: 0 where there is nothing in it. */
function measure(rows: Iterable<Row>, { columns }: Layout): number[] {
  const widths = columns.map(() => 0);
  for (const row of rows) {
    if (isLine(row)) continue;
    for (let at = 0; at < row.length; at++) {
      const cell = row[at]!;
      const width = typeof cell === "string" ? cell.length : cell.width;
      if (width > widths[at]!) widths[at] = width;
    }
  }
  return widths.map((width, at) => (width === 0 ? 0 : Math.max(width, columns[at]!.head.length)));
}

/** How wide each column is, 0 where it is left out, so that all of them together take `room` at most. */
function fitColumns(
  wanted: readonly number[],
  { columns, dropping, indent }: Layout,
  room: number,
): number[] {
  const widths = [...wanted];
  const least = columns.map((column) => column.least ?? Infinity);
  for (const drop of [undefined, ...dropping]) {
    if (drop !== undefined) widths[drop] = 0;
    const fitting = shrink(widths, least, room - indent.length);
    if (fitting) return fitting;
  }
  const ones = columns.map(() => 1);
  return shrink(widths, ones, room - indent.length) ?? ones;
}

/** The same columns, as much narrower as is needed, the last one first; `undefined`: they would have to be narrower. */
function shrink(wanted: readonly number[], least: readonly number[], room: number): number[] | undefined {
  const widths = [...wanted];
  const gaps = GAP * (widths.filter((width) => width > 0).length - 1);
  let excess = widths.reduce((sum, width) => sum + width, gaps) - room;
  for (let at = widths.length - 1; at >= 0 && excess > 0; at--) {
    const taken = Math.min(Math.max(widths[at]! - least[at]!, 0), excess);
    widths[at]! -= taken;
    excess -= taken;
  }
  return excess > 0 ? undefined : widths;
}
