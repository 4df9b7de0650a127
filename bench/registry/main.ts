// npm run bench:registry: what a lease costs, as a table and as JSON.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countMet, printLines } from "../floor-lines.ts";
import { measureRegistry } from "./lines.ts";

const RESULTS = fileURLToPath(new URL("../../bench-registry.json", import.meta.url));

const began = performance.now();
const lines = await measureRegistry((text) => console.error(text));
printLines(lines);
writeFileSync(RESULTS, `${JSON.stringify({ version: 1, node: process.version, lines }, null, 2)}\n`);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`\n${countMet(lines)}, in ${seconds} s; ${RESULTS}`);
