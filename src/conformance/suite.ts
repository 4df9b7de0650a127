// The conformance suite: every sentence of the contract, as cases.

import type { ConformanceCase } from "./case.ts";
import { COMMIT_CASES } from "./commit-cases.ts";
import { CONCURRENCY_CASES } from "./concurrency-cases.ts";
import { EXPIRING_CASES } from "./expiring-cases.ts";
import { READING_CASES } from "./reading-cases.ts";
import { SCOPE_CASES } from "./scope-cases.ts";
import { UPDATE_CASES } from "./update-cases.ts";
import { WATCH_CASES } from "./watch-cases.ts";

/** Each to be run on data of its own, which is empty. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...COMMIT_CASES,
  ...UPDATE_CASES,
  ...READING_CASES,
  ...CONCURRENCY_CASES,
  ...WATCH_CASES,
  ...SCOPE_CASES,
  ...EXPIRING_CASES,
];
