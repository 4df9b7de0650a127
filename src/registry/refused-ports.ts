// A search that found too few ports, as the refusal that its caller gets: what each port was refused for, and what may
// change that.

import { hasTimeLimit, type ProcessIdentity } from "../contract/index.ts";
import type { RefusalCounts } from "../core/index.ts";
import type { Refused } from "./judge.ts";
import { type Blocker, countHolders, noPortAvailable, type Refusal } from "./refusals.ts";
import type { Request } from "./request.ts";

/** How many ports were claimed and then refused by a guard or by the kernel. */
export type Examinations = Pick<RefusalCounts, "guarded" | "stranger" | "forbidden">;

/** @param refused those that their slots refused */
export function refusalOf(request: Request, refused: Iterable<Refused>, examined: Examinations): Refusal {
  const counts = { leased: 0, kept: 0, awaited: 0, quarantined: 0 };
  const holders: ProcessIdentity[] = [];
  const blockers: Blocker[] = [];
  let quarantinedMs: number | undefined;
  for (const { refusal, port, blocker, quarantinedMs: remaining } of refused) {
    counts[refusal]++;
    if (blocker) {
      const { claim, protocol, holder } = blocker;
      holders.push(holder);
      // An heir has no guard.
      const guarded = claim.guarded && !hasTimeLimit(claim) && holder === claim.holder;
      blockers.push({ protocol, port, guarded });
    }
    if (remaining !== undefined) quarantinedMs = Math.min(quarantinedMs ?? Infinity, remaining);
  }
  const { guarded, stranger, forbidden } = examined;
  const all = { ...counts, ...examined, ...request.leftOut, holders: countHolders(holders) };
  return {
    error: noPortAvailable(request, all),
    blockers,
    hasSilent: guarded + stranger + forbidden + counts.kept + counts.awaited > 0,
    quarantinedMs,
  };
}
