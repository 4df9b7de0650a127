// Leases as the flags of `run` and `get` say it, with or without waiting.

import type { AcquireOptions, Lease, Registry } from "../node/index.ts";
import type { RequestFlags } from "./arguments.ts";

/** The time to wait was over: why there was still nothing. */
export class WaitOver extends Error {
  constructor(seconds: number, refusal: Error) {
    super(`after ${seconds} s still ${refusal.message}`, { cause: refusal });
  }
}

type Further = Pick<AcquireOptions, "count" | "for" | "hold"> & { readonly signal?: AbortSignal };

/** @throws WaitOver, and as `acquire`. */
export async function acquireAsked(
  registry: Registry,
  { wait, ...flags }: RequestFlags,
  { signal, ...further }: Further,
): Promise<Lease> {
  const request = { ...flags, ...further };
  if (wait === undefined) return await registry.acquire({ ...request, signal });
  const over = wait === true ? undefined : AbortSignal.timeout(wait * 1000);
  const either = AbortSignal.any([signal, over].filter((one) => one !== undefined));
  try {
    return await registry.acquire({ ...request, wait: true, signal: either });
  } catch (error) {
    if (wait === true || error !== over?.reason) throw error;
    const attempt = await registry.tryAcquire({ ...request, signal });
    if (attempt.granted) return attempt.lease;
    throw new WaitOver(wait, attempt.refusal);
  }
}
