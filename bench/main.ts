// npm run bench: each group of cases on both sides, in turns, as a table and as JSON.
//
//   npm run bench                     everything, about a hundred seconds
//   npm run bench -- manager/pick     the groups with a case whose id begins so

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case } from "./case.ts";
import { checkAllocators, checkManagers } from "./check.ts";
import { GROUPS } from "./groups.ts";
import { askWorker, Bench, type Measurement } from "./measure.ts";
import { MEMORY_CASES } from "./memory.ts";
import { memoryLine, printTable, timeLine } from "./report.ts";

const RESULTS = fileURLToPath(new URL("../bench-results.json", import.meta.url));

const prefix = process.argv[2] ?? "";
const began = performance.now();
checkManagers(50_000, 3);
checkAllocators(50_000, 3);
console.error("ours and the yardstick agree over 100,000 random operations");

const bench = new Bench();
const measured = new Map<Case, Measurement>();
const groups = GROUPS.filter((cases) => cases.some(({ id }) => id.startsWith(prefix)));
for (const group of groups) {
  for (const [index, measurement] of (await bench.measure(group)).entries()) {
    measured.set(group[index]!, measurement);
    console.error(`${group[index]!.id}: ${measurement.ours.length} batches`);
  }
}
// Judged at the end, when it is known how fast the machine is at rest.
const lines = groups.flatMap((group) =>
  group.map((one) => {
    const { bar } = one;
    const base = group.find(({ id }) => bar.kind === "growth" && id === bar.over);
    return timeLine(one, measured.get(one)!, base && measured.get(base), bench.fastestProbe);
  }),
);
for (const one of MEMORY_CASES.filter(({ id }) => id.startsWith(prefix))) {
  const ours = (await askWorker(one.id, "ours")) as number;
  const yardstick = (await askWorker(one.id, "yardstick")) as number;
  lines.push(memoryLine(one, ours, yardstick));
  console.error(`${one.id}: ${ours.toFixed(2)} B`);
}
if (lines.length === 0) throw new Error(`no case begins with ${JSON.stringify(prefix)}`);

printTable(lines);
const machine = {
  node: process.version,
  v8: process.versions.v8,
  cpu: cpus()[0]?.model,
  cores: cpus().length,
};
mkdirSync(dirname(RESULTS), { recursive: true });
writeFileSync(RESULTS, `${JSON.stringify({ version: 2, machine, lines }, null, 2)}\n`);
const judged = lines.filter(({ bar }) => bar !== "");
const missed = judged.filter(({ met }) => !met).length;
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`\n${judged.length - missed} of ${judged.length} bars met, in ${seconds} s; ${RESULTS}`);
