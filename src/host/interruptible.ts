// Waiting that a signal can end.

import { type AbortSignalLike, throwIfAborted } from "../contract/index.ts";

export interface Ends<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Waits for what `begin` begins; an abort stops it and rejects with the signal's reason.
 *
 * @param begin begins, and returns how to stop
 */
export async function interruptible<Result>(
  signal: AbortSignalLike | undefined,
  begin: (ends: Ends<Result>) => () => void,
): Promise<Result> {
  throwIfAborted(signal);
  let abort: (() => void) | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      const stop = begin({ resolve, reject });
      abort = () => {
        stop();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort);
    });
  } finally {
    if (abort) signal?.removeEventListener("abort", abort);
  }
}

/** Waits for `ms` milliseconds, without keeping the process from ending. */
export async function pause(ms: number, signal: AbortSignalLike | undefined): Promise<void> {
  await interruptible<void>(signal, ({ resolve }) => {
    const timer = setTimeout(resolve, ms).unref();
    return () => clearTimeout(timer);
  });
}

/** Lets everything else that is due have its turn. */
export async function nextTurn(signal: AbortSignalLike | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  throwIfAborted(signal);
}
