// npm run bench:cluster: what leases on an engine cost beside the engine itself, as a table and as JSON.
// `npm run bench:cluster -- etcd` or `postgres` for one of them.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countMet, type FloorLine, printLines } from "../floor-lines.ts";
import { ETCD } from "./etcd.ts";
import { measureEngine } from "./lines.ts";
import { POSTGRES } from "./postgres.ts";

const RESULTS = fileURLToPath(new URL("../../bench-cluster.json", import.meta.url));
const ENGINES = [ETCD, POSTGRES];

const began = performance.now();
const asked = process.argv.slice(2);
const lines: FloorLine[] = [];
for (const engine of ENGINES) {
  if (asked.length > 0 && !asked.includes(engine.name)) continue;
  lines.push(...(await measureEngine(engine, (text) => console.error(text))));
}
printLines(lines);
writeFileSync(RESULTS, `${JSON.stringify({ version: 1, node: process.version, lines }, null, 2)}\n`);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`\n${countMet(lines)}, in ${seconds} s; ${RESULTS}`);
