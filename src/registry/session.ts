// Keeping a session up: renewed at a third of its time, lost when the time passes first.
//
// The local limit counts from before a renewal is sent, the store's from the same time or later, so the holder knows
// no later than anybody else.

import { type AbortSignalLike, throwIfAborted } from "../contract/index.ts";
import type { Term } from "./holders.ts";
import type { LossReason } from "./refusals.ts";
import type { World } from "./world.ts";

/** How long to wait before a renewal is tried again that the store refused, as a share of the time limit. */
const RETRY_SHARE = 10;

export interface KeptUp {
  readonly ttlMs: number;
  /** The deadline is moved on with each renewal. */
  readonly term: { deadline: number };
  /** Renews it, and says until when it lives then; `undefined`: it is somebody else's, or gone. */
  readonly renew: () => Promise<number | undefined>;
  /** Aborted when it is over. */
  readonly ended: AbortSignalLike;
  /** Called when it is lost, once at least. */
  readonly onLoss: (reason: LossReason) => void;
}

/** Renews until the end. */
export async function keepUp({ clock }: Pick<World, "clock">, kept: KeptUp): Promise<void> {
  const { ttlMs, term, renew, ended, onLoss } = kept;
  void watchDeadline(clock, kept);
  let pause = ttlMs / 3;
  while (!ended.aborted) {
    if (!(await rest(clock, pause, ended))) return;
    try {
      const deadline = isOver(clock, term) ? undefined : await renew();
      if (deadline === undefined) return onLoss(isOver(clock, term) ? "expired" : "taken");
      // Who was told that it is over is not told otherwise.
      if (ended.aborted) return;
      term.deadline = deadline;
      pause = ttlMs / 3;
    } catch {
      // The store may be usable again before the limit; if it is not, the limit passes.
      pause = ttlMs / RETRY_SHARE;
    }
  }
}

export function isOver(clock: World["clock"], { deadline }: Term): boolean {
  return deadline !== Infinity && clock.sinceBoot() >= deadline;
}

async function watchDeadline(
  clock: World["clock"],
  { term, ended, onLoss }: Pick<KeptUp, "term" | "ended" | "onLoss">,
): Promise<void> {
  while (!isOver(clock, term)) {
    if (!(await rest(clock, term.deadline - clock.sinceBoot(), ended))) return;
  }
  onLoss("expired");
}

/** False when it ended meanwhile. */
async function rest(clock: World["clock"], ms: number, ended: AbortSignalLike): Promise<boolean> {
  try {
    await clock.sleep(ms, { signal: ended, background: true });
    throwIfAborted(ended);
    return true;
  } catch {
    return false;
  }
}
