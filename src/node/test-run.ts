// Which run of a test runner this process belongs to, and which of its workers it is.
//
// Each runner tells its workers their number in the environment. Workers that are processes of their own talk
// to the runner by IPC, and it is their parent; workers that are threads, and a runner that runs the tests
// itself, have the runner's own process.

import { isMainThread } from "node:worker_threads";
import type { Host } from "../contract/index.ts";
import type { TestRun } from "../registry/index.ts";

/** Where runners say which worker a process is: Vitest, Jest, Playwright Test, and others after Jest's example. */
const WORKER_VARIABLES = ["VITEST_POOL_ID", "TEST_PARALLEL_INDEX", "JEST_WORKER_ID"] as const;

export function findTestRun(
  env: Readonly<Record<string, string | undefined>>,
  host: Pick<Host, "self" | "ancestors">,
): TestRun | undefined {
  const worker = WORKER_VARIABLES.map((name) => env[name]).find((value) => value);
  if (!worker) return undefined;
  const isChild = isMainThread && process.send !== undefined;
  const runner = isChild ? host.ancestors()[0] : host.self;
  return { process: runner ?? host.self, worker };
}
