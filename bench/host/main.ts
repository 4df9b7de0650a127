// npm run bench:host: what it takes to know who listens, as a table and as JSON.
//
// Runs in a network namespace of its own where it may make one (root): there, nobody else listens. The processes
// that listen need 2,000 files each; Node itself raises its limit as far as it may.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countMet, printLines } from "../floor-lines.ts";
import { measureHost } from "./lines.ts";

const RESULTS = fileURLToPath(new URL("../../bench-host.json", import.meta.url));
const ALONE = "alone";

if (process.argv[2] !== ALONE && spawnSync("unshare", ["--net", "true"]).status === 0) {
  const again = [process.execPath, fileURLToPath(import.meta.url), ALONE];
  process.exitCode = spawnSync("unshare", ["--net", ...again], { stdio: "inherit" }).status ?? 1;
} else {
  const began = performance.now();
  const lines = await measureHost((text) => console.error(text));
  printLines(lines);
  writeFileSync(RESULTS, `${JSON.stringify({ version: 1, node: process.version, lines }, null, 2)}\n`);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${countMet(lines)}, in ${seconds} s; ${RESULTS}`);
}
