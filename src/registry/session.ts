// Keeping a lease with a time limit: renewed at a third of its time, lost when the limit passes first.
//
// The local limit counts from before a renewal is sent, the store's from the same time, so the holder knows no
// later than anybody else. A renewal names the revision of the session: whoever takes a port of a lease that
// ran out removes the session in the same commit, and the renewal fails.

import { type AbortSignalLike, sessionKey, throwIfAborted, writeRecord } from "../contract/index.ts";
import { bootTime } from "./give-back.ts";
import { HeldLease } from "./lease.ts";
import type { LossReason } from "./refusals.ts";
import type { World } from "./world.ts";

/** How long to wait before a renewal is tried again that the store refused, as a share of the time limit. */
const RETRY_SHARE = 10;

/** The session of a lease, as it was granted. */
interface Session {
  /** Of its slot. */
  revision: number;
  /** Aborted when the lease is over. */
  readonly ended: AbortSignalLike;
  /** Called when the lease is lost. */
  readonly onLoss: (reason: LossReason) => void;
}

/** Renews the session of a lease until the lease is over. */
export async function keepSession(
  world: World,
  lease: HeldLease,
  { revision, ended, onLoss }: Session,
): Promise<void> {
  const { ttlMs } = lease;
  if (ttlMs === null) return;
  void watchDeadline(world, lease, { ended, onLoss });
  let pause = ttlMs / 3;
  while (!ended.aborted) {
    if (!(await rest(world, pause, ended))) return;
    try {
      const renewed = await renew(world, lease, revision);
      if (renewed === undefined) return onLoss(isExpired(world, lease) ? "expired" : "taken");
      revision = renewed;
      pause = ttlMs / 3;
    } catch {
      // The store may be usable again before the limit; if it is not, the limit passes.
      pause = ttlMs / RETRY_SHARE;
    }
  }
}

/** The new revision of the session, or `undefined` when it is not this lease's any more. */
async function renew(world: World, lease: HeldLease, revision: number): Promise<number | undefined> {
  const { store, scope } = world;
  const { id, ttlMs } = lease;
  if (ttlMs === null || isExpired(world, lease)) return undefined;
  const { boot, at } = bootTime(world);
  const value = writeRecord({ lease: id, boot, at: at + ttlMs, ttlMs });
  const commit = await store.commit(scope, [{ key: sessionKey(id), ifRevision: revision, value }]);
  if (!commit.committed) return undefined;
  HeldLease.extend(lease, at + ttlMs);
  return commit.token.revision;
}

async function watchDeadline(
  world: World,
  lease: HeldLease,
  { ended, onLoss }: Omit<Session, "revision">,
): Promise<void> {
  while (!isExpired(world, lease)) {
    const remaining = HeldLease.deadlineOf(lease) - world.clock.sinceBoot();
    if (!(await rest(world, remaining, ended))) return;
  }
  onLoss("expired");
}

function isExpired({ clock }: World, lease: HeldLease): boolean {
  return clock.sinceBoot() >= HeldLease.deadlineOf(lease);
}

/** False when the lease ended meanwhile. */
async function rest(world: World, ms: number, ended: AbortSignalLike): Promise<boolean> {
  try {
    await world.clock.sleep(ms, { signal: ended, background: true });
    throwIfAborted(ended);
    return true;
  } catch {
    return false;
  }
}
