// The last line of CI: how many tests passed and failed, by the runner's own count.
import { readFileSync } from "node:fs";

const results = JSON.parse(readFileSync(new URL("../.cache/test-results.json", import.meta.url), "utf8"));
const skipped = results.numPendingTests + results.numTodoTests;

console.log(
  `tests: ${results.numPassedTests} passed, ${results.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ""}`,
);
if (!results.success || results.numPassedTests === 0) process.exitCode = 1;
