// Leases as the flags of `run` and `get` say it, with or without waiting.

import { setTimeout } from "node:timers/promises";
import type { AcquireOptions, Lease, Registry } from "../node/index.ts";
import { parseServiceName } from "../project/index.ts";
import { WaitOver } from "./exit-codes.ts";
import { inFlags } from "./flags.ts";
import { say } from "./output.ts";

/** What has not ended after this is waited for. */
const AT_ONCE_MS = 200;

/** A request as the library takes it, but for how long to wait: seconds, or `true` for as long as it takes. */
export type AskedRequest = Omit<AcquireOptions, "wait"> & { readonly wait?: number | true };

type Further = Pick<AcquireOptions, "count" | "for" | "hold"> & { readonly signal?: AbortSignal | undefined };

/**
 * A lease as the flags of the command line ask for it. On a terminal it is told what is waited for, and who has it.
 *
 * @throws WaitOver, and as `acquire`, in the words of the command line.
 */
export async function acquireAsked(
  registry: Registry,
  { wait, ...flags }: AskedRequest,
  { signal, ...further }: Further,
): Promise<Lease> {
  const request = { ...flags, ...further };
  try {
    if (wait === undefined) return await registry.acquire({ ...request, signal });
    return await acquireInTime(registry, { ...request, signal }, wait);
  } catch (error) {
    if (error instanceof Error) error.message = inWords(error.message, request);
    throw error;
  }
}

async function acquireInTime(
  registry: Registry,
  { signal, ...request }: Omit<AcquireOptions, "signal"> & Pick<Further, "signal">,
  wait: number | true,
): Promise<Lease> {
  const over = wait === true ? undefined : AbortSignal.timeout(wait * 1000);
  const either = AbortSignal.any([signal, over].filter((one) => one !== undefined));
  try {
    if (process.stderr.isTTY) {
      const attempt = await registry.tryAcquire({ ...request, signal });
      if (attempt.granted) return attempt.lease;
      const waiting = registry.acquire({ ...request, wait: true, signal: either });
      await sayIfPending(waiting, `waiting${formatLimit(wait)}: ${withoutAdvice(attempt.refusal, request)}`);
      return await waiting;
    }
    return await registry.acquire({ ...request, wait: true, signal: either });
  } catch (error) {
    if (wait === true || error !== over?.reason) throw error;
    const attempt = await registry.tryAcquire({ ...request, signal });
    if (attempt.granted) return attempt.lease;
    throw new WaitOver(wait, attempt.refusal);
  }
}

/** Says a line, unless what it is about is settled by then: what no waiting can change is refused at once. */
async function sayIfPending(waiting: Promise<unknown>, line: string): Promise<void> {
  const settled = waiting.then(
    () => true,
    () => true,
  );
  if (!(await Promise.race([settled, setTimeout(AT_ONCE_MS, false)]))) say(line);
}

function formatLimit(wait: number | true): string {
  return wait === true ? "" : `, ${wait} s at most`;
}

/** Who is in the way: what a refusal says before the advice to ask for something else. */
function withoutAdvice({ message }: Error, request: Named): string {
  return inWords(message.slice(0, message.lastIndexOf("; ")), request);
}

type Named = Pick<AcquireOptions, "name">;

/** A message as it is to be read: with flags for options, and services of the place by their own names. */
function inWords(message: string, { name = "" }: Named): string {
  const service = parseServiceName(name)?.service;
  const place = service === undefined ? "" : name.slice(0, -service.length);
  return inFlags(place === "" ? message : message.replaceAll(place, ""));
}
