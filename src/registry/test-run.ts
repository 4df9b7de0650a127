// Names in test runs: what one run, or one worker of it, calls by a name is not what another one does.

import type { TestRun } from "./world.ts";

export type Per = "worker" | "run";

/** The name that a request of a worker is made under; told apart by the run's process, and by the worker. */
export function nameInRun(name: string, per: Per, { process, worker }: TestRun): string {
  const run = `run ${process.pid}.${process.startTime}`;
  return per === "run" ? `${name} (${run})` : `${name} (worker ${worker} of ${run})`;
}
