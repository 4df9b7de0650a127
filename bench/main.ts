// npm run bench: each case on both sides, one process after the other, as a table and as JSON.
//
//   npm run bench                     everything, about a minute and a half
//   npm run bench -- manager/pick     the cases whose id begins so

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CASES } from "./cases.ts";
import { checkAllocators, checkManagers } from "./check.ts";
import type { Side } from "./implementations.ts";
import type { Measurement } from "./measure.ts";
import { MEMORY_CASES } from "./memory.ts";
import { type Line, memoryLine, printTable, timeLine } from "./report.ts";

const RESULTS = fileURLToPath(new URL("../bench-results.json", import.meta.url));
const WORKER = fileURLToPath(new URL("worker.js", import.meta.url));

const prefix = process.argv[2] ?? "";
const began = performance.now();
checkManagers(50_000, 3);
checkAllocators(50_000, 3);
console.error("ours and the yardstick agree over 100,000 random operations");

const times = new Map<string, number>();
const lines: Line[] = [];
for (const one of CASES.filter(({ id }) => id.startsWith(prefix))) {
  const ours = runWorker(one.id, "ours") as Measurement;
  const yardstick = runWorker(one.id, "yardstick") as Measurement;
  times.set(one.id, ours.ns);
  lines.push(timeLine(one, ours, yardstick, times));
  console.error(`${one.id}: ${ours.ns.toFixed(1)} ns`);
}
for (const one of MEMORY_CASES.filter(({ id }) => id.startsWith(prefix))) {
  const ours = runWorker(one.id, "ours") as { bytes: number };
  const yardstick = runWorker(one.id, "yardstick") as { bytes: number };
  lines.push(memoryLine(one, ours.bytes, yardstick.bytes));
  console.error(`${one.id}: ${ours.bytes.toFixed(2)} B`);
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
writeFileSync(RESULTS, `${JSON.stringify({ version: 1, machine, lines }, null, 2)}\n`);
const judged = lines.filter(({ bar }) => bar !== "");
const missed = judged.filter(({ met }) => !met).length;
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`\n${judged.length - missed} of ${judged.length} bars met, in ${seconds} s; ${RESULTS}`);

function runWorker(id: string, side: Side): unknown {
  const parameters = ["--expose-gc", "--max-old-space-size=4096", WORKER, id, side];
  return JSON.parse(execFileSync(process.execPath, parameters, { encoding: "utf8" }));
}
