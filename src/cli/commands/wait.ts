// moorage wait: until the server of a lease is up, or a port is free of everybody.
//
// Who listens is read, and nothing is connected to: a connect() to a port of the ephemeral range can meet itself,
// and then the port is blocked for a minute.

import { constants } from "node:os";
import { EXIT } from "../exit-codes.ts";
import { openTarget, shortNames, type TargetFlags } from "../target.ts";
import { type Look, lookForNobody, lookForServer } from "../../report/looks.ts";
import { say } from "../output.ts";
import { poll } from "../../report/poll.ts";

export interface WaitFlags extends TargetFlags {
  /** Seconds. */
  readonly timeout: number;
  readonly free?: boolean;
}

export async function wait(
  said: string | number,
  { timeout, free = false, ...flags }: WaitFlags,
): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.on("SIGINT", interrupt);
  const { project, target } = await openTarget(said, flags);
  await using registry = project.registry;
  const look = (free ? lookForNobody : lookForServer)(registry, target);
  const subject = typeof said === "number" ? `port ${said}` : said;
  if (process.stderr.isTTY) say(`waiting for ${subject}${free ? " to be free" : ""}, ${timeout} s at most`);
  let last: Look | undefined;
  const isSo = async (): Promise<boolean> => {
    const next = await look();
    if (next.isWarning && next.why !== last?.why) say(`moorage: ${shortNames(project, next.why)}`);
    last = next;
    return next.isDone;
  };
  const isDone = await poll(isSo, { seconds: timeout, signal: interrupted.signal });
  if (isDone) return EXIT.OK;
  // A name that nobody has is nothing to look at.
  const seeing = typeof target === "number" ? `who ${target}` : "ls";
  if (interrupted.signal.aborted) return EXIT.SIGNALLED + constants.signals.SIGINT;
  const why = shortNames(project, last?.why ?? "");
  say(`moorage: TIMED_OUT: after ${timeout} s ${why}; see \`moorage ${seeing}\``);
  return EXIT.TIMED_OUT;
}
