// Holders of one machine: a lease lives with the process of its holder, on the host's word, and needs nobody to keep
// it up. One with a time limit has a session, a slot in the commit that grants it, which says until when.
//
// A renewal names the revision of the session: whoever takes a port of a lease that ran out removes the session in
// the same commit, and the renewal fails.

import { readSession, sessionKey, type SlotChange, writeRecord } from "../contract/index.ts";
import { bootTime } from "./give-back.ts";
import { ENDLESS, type Holders, type Tenure } from "./holders.ts";
import { remainingMs } from "./judge.ts";
import { keepUp } from "./session.ts";
import type { World } from "./world.ts";

export function holdersByHost(world: Omit<World, "holders">): Holders {
  const { scope, host, clock } = world;
  return {
    sights: 1,
    sessionScope: scope,
    isRunning: (session) => {
      const record = readSession(session);
      return record !== undefined && record.boot === host.boot && record.at > clock.sinceBoot();
    },
    // A boot ended those that were before it.
    mayHaveJustDied: ({ boot }) => boot === host.boot,
    remainingMs: (_, left, awake) => remainingMs(left, awake),
    tenureOf: (lease, ttlMs) =>
      ttlMs === null ? { lease, session: null, ttlMs, term: ENDLESS } : limited(world, lease, ttlMs),
    join: () => ENDLESS,
    waitingSession: async () => undefined,
    follow: undefined,
    close: async () => undefined,
  };
}

function limited(world: Omit<World, "holders">, lease: string, ttlMs: number): Tenure {
  const { store, scope } = world;
  const key = sessionKey(lease);
  const term = { deadline: 0 };
  const begin = (): { value: string; deadline: number } => {
    const { boot, at } = bootTime(world);
    return { value: writeRecord({ lease, boot, at: at + ttlMs, ttlMs }), deadline: at + ttlMs };
  };
  return {
    lease,
    session: lease,
    ttlMs,
    term,
    write: (ifRevision): SlotChange => {
      const { value, deadline } = begin();
      term.deadline = deadline;
      return { key, ifRevision, value };
    },
    keep: ({ revision: granted, onLoss }) => {
      const over = world.newAbortable();
      let revision = granted;
      const renew = async (): Promise<number | undefined> => {
        const { value, deadline } = begin();
        const commit = await store.commit(scope, [{ key, ifRevision: revision, value }]);
        if (!commit.committed) return undefined;
        ({ revision } = commit.token);
        return deadline;
      };
      void keepUp(world, { ttlMs, term, renew, ended: over.signal, onLoss });
      return () => over.abort("the lease is over");
    },
  };
}
