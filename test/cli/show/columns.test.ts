// A table that fits: what is shortened and what is left out, by how much room there is.

import { describe, expect, test } from "vitest";
import { cellOf, layOut as layOutInParts, type Layout, type Row } from "../../../src/cli/show/columns.ts";
import { type Terminal, terminalOf } from "../../../src/cli/show/terminal.ts";
import { displayWidth } from "../../../src/cli/show/width.ts";

const LAYOUT: Layout = {
  columns: [{ head: "NAME", least: 6 }, { head: "PORT" }, { head: "NOTE" }, { head: "COMMAND", least: 8 }],
  dropping: [2, 3],
  indent: "  ",
};

const ROWS: readonly Row[] = [
  { line: "shop  a-rather-long-branch" },
  ["web", "3000", cellOf("日本"), "node server.js"],
  [cellOf("web-server"), "3001-3004", "-", cellOf("vité --host")],
];

/** The whole table. */
function layOut(rows: Iterable<Row>, layout: Layout, terminal: Terminal): string {
  return [...layOutInParts(rows, layout, terminal)].join("");
}

/** The table in so many columns, without the blanks of the environment. */
function laidOut(columns: number, rows: readonly Row[] = ROWS): string[] {
  const terminal = terminalOf({ isTTY: true, columns }, { LANG: "C.UTF-8", NO_COLOR: "1" });
  return layOut(rows, LAYOUT, terminal).trimEnd().split("\n");
}

describe("in a terminal of", () => {
  test.each<[number, readonly string[]]>([
    [
      80,
      [
        "  NAME        PORT       NOTE  COMMAND",
        "shop  a-rather-long-branch",
        "  web         3000       日本  node server.js",
        "  web-server  3001-3004  -     vité --host",
      ],
    ],
    [
      40,
      [
        "  NAME        PORT       NOTE  COMMAND",
        "shop  a-rather-long-branch",
        "  web         3000       日本  node ser…",
        "  web-server  3001-3004  -     vité --h…",
      ],
    ],
    [
      30,
      [
        "  NAME     PORT       COMMAND",
        "shop  a-rather-long-branch",
        "  web      3000       node se…",
        "  web-se…  3001-3004  vité --…",
      ],
    ],
    [20, ["  NAME     PORT", "shop  a-rather-long…", "  web      3000", "  web-se…  3001-3004"]],
  ])("%d columns", (columns, lines) => expect(laidOut(columns)).toEqual(lines));

  test.each([6, 8, 10, 13, 19, 27, 33])("%d columns, no line is too long", (columns) => {
    for (const line of laidOut(columns)) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  });
});

test("cells that are those of the row before, at the end of a row or within it", () => {
  const note = cellOf("日本");
  const rows: readonly Row[] = [
    ["web", "3000", note, "node"],
    ["web", "3001", note, "node"],
    ["api", "3001", note, "node"],
    ["api", "3001", note],
    { line: "shop" },
    ["api", "3001", note],
    ["api", "3001", "-", "node"],
    ["api", "3001", "-", "node"],
  ];
  expect(laidOut(80, rows)).toEqual([
    "  NAME  PORT  NOTE  COMMAND",
    "  web   3000  日本  node",
    "  web   3001  日本  node",
    "  api   3001  日本  node",
    "  api   3001  日本",
    "shop",
    "  api   3001  日本",
    "  api   3001  -     node",
    "  api   3001  -     node",
  ]);
});

test("a long table comes in parts of whole lines", () => {
  const rows = Array.from({ length: 2345 }, (_, at): Row => ["web", String(at), "-", "node"]);
  const parts = [...layOutInParts(rows, LAYOUT, terminalOf({}, {}))];
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) expect(part.endsWith("\n")).toBe(true);
  const ports = parts
    .join("")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/ +/u)[1]);
  expect(ports).toEqual(rows.map((_, at) => String(at)));
});

test("a column without a single cell is left out", () => {
  expect(laidOut(80, [["web", "3000", "", "node"]])).toEqual(["  NAME  PORT  COMMAND", "  web   3000  node"]);
});

test("a row that ends early has no blanks at its end", () => {
  const terminal = terminalOf({}, {});
  expect(layOut([["web", "3000", "x", "node"], ["api"]], LAYOUT, terminal).split("\n")[2]).toBe("  api");
});

test("without a terminal nothing is cut", () => {
  const long = "x".repeat(500);
  expect(layOut([[cellOf(long), "3000"], { line: long }], LAYOUT, terminalOf({}, {}))).toContain(
    `  ${long}  3000`,
  );
});

test("what dresses a cell takes no width", () => {
  const terminal = terminalOf({ isTTY: true, columns: 80 }, {});
  const row: Row = [{ text: "web", width: 3, dress: (text) => terminal.style(text, "green") }, "3000"];
  expect(layOut([row], LAYOUT, terminal).split("\n")[1]).toBe("  \x1B[32mweb\x1B[0m   3000");
});

test("a line of its own is one line without a terminal, too", () => {
  const terminal = terminalOf({ isTTY: false }, { LANG: "C.UTF-8" });
  const lines = layOut([{ line: "a\nb\u001b[31m" }], LAYOUT, terminal)
    .trimEnd()
    .split("\n");
  expect(lines.slice(1)).toEqual(["a\ufffdb\ufffd[31m"]);
});
