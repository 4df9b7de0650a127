// npm run bench:registry: what a lease costs, as a table and as JSON.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { measureRegistry, type RegistryLine } from "./lines.ts";

const RESULTS = fileURLToPath(new URL("../../bench-registry.json", import.meta.url));

const began = performance.now();
const lines = await measureRegistry((text) => console.error(text));
const rows = [["case", "ours", "floor", "ratio", "bar", "", "the floor is"], ...lines.map(toRow)];
const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
writeFileSync(RESULTS, `${JSON.stringify({ version: 1, node: process.version, lines }, null, 2)}\n`);
const judged = lines.filter(({ bar }) => bar !== "");
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `\n${judged.filter(({ met }) => met).length} of ${judged.length} bars met, in ${seconds} s; ${RESULTS}`,
);

function toRow({ title, ours, unit, floor, floorTitle, bar, met }: RegistryLine): string[] {
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
