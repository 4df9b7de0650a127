// Which test run this process belongs to, and what ports the run is known to have.
//
// The process that sets a run up writes both into its environment, which its workers get. It may be the environment of
// something else by the time it is read: a test can start another runner, and that one's workers others. So it is only
// believed of this process itself, and of the parent of one that was forked, as runners fork their workers.

import { isMainThread } from "node:worker_threads";
import type { Host, ProcessIdentity } from "../contract/index.ts";
import { findTestRun } from "../node/test-run.ts";

/** Says which run it is and which ports it has. */
const VARIABLE = "MOORAGE_TEST_RUN";

type Environment = Record<string, string | undefined>;
export type PortsByName = Readonly<Record<string, number>>;

interface Note {
  readonly run: string;
  readonly ports: PortsByName;
}

/** The process that the run lives and ends with: the runner's, or this one where no runner is known. */
export function runOf(env: Environment, host: Pick<Host, "self" | "ancestors">): ProcessIdentity {
  const parent = isMainThread && process.send !== undefined ? host.ancestors().slice(0, 1) : [];
  const noted = noteIn(env)?.run;
  const known = [host.self, ...parent].find((one) => idOf(one) === noted);
  return known ?? findTestRun(env, host)?.process ?? host.self;
}

/** The ports that a run is known to have. */
export function notedPorts(env: Environment, run: ProcessIdentity): PortsByName {
  const note = noteIn(env);
  return note?.run === idOf(run) ? note.ports : {};
}

/** Writes down the ports that a run has, for this process and those that it starts. */
export function notePorts(env: Environment, run: ProcessIdentity, ports: PortsByName): void {
  const note: Note = { run: idOf(run), ports };
  env[VARIABLE] = JSON.stringify(note);
}

function idOf({ pid, startTime }: ProcessIdentity): string {
  return `${pid}.${startTime}`;
}

function noteIn(env: Environment): Note | undefined {
  try {
    return JSON.parse(env[VARIABLE] ?? "") as Note;
  } catch {
    // Nothing was written, or nothing by this package.
    return undefined;
  }
}
