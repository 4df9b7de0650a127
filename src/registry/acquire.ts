// Requests become leases, once: the names are looked up, what is missing is granted together.

import type { AbortSignalLike } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import { Grant } from "./grant.ts";
import type { Granted, PartOptions } from "./part.ts";
import type { Guarding } from "./guarding.ts";
import type { Hints, Seeking } from "./hints.ts";
import type { Term } from "./holders.ts";
import type { LeaseFacts } from "./lease.ts";
import { keepPorts, lookUpName, type NameState, NO_NAME } from "./names.ts";
import type { Refusal } from "./refusals.ts";
import type { Request } from "./request.ts";
import { expectHosts } from "./scope.ts";
import { isAway, type Tidying } from "./tidying.ts";
import type { World } from "./world.ts";

/** How long to wait, on average, before another look at a name that somebody is at work on. */
const POLL_MS = 5;
/** When to give up: a grant takes milliseconds, but one that could not be undone looks under way for ever. */
const PATIENCE_MS = 10_000;

/** A lease that was granted, or one that its holder had already. */
export type Acquired = { readonly granted: Granted } | { readonly found: LeaseFacts; readonly term: Term };

export type Answer = { readonly acquired: readonly Acquired[] } | { readonly refusal: Refusal };

export interface Asking {
  readonly guarding: Guarding;
  readonly hints: Hints;
  readonly seeking: Seeking;
  /** The port that the registry was granted last; 0: none yet. */
  readonly lastPort: number;
  /** The id under which the requests wait, if they do. */
  readonly waiter: string | undefined;
  readonly signal: AbortSignalLike | undefined;
  readonly tidying: Tidying;
}

/**
 * All the leases, in the order of the requests, or the first refusal; then nothing has changed.
 *
 * @throws PortError `INVALID_ADDRESS` for an address that this machine does not have, and the errors of the
 * store. The reason of an aborted signal.
 */
export async function acquire(world: World, requests: readonly Request[], asking: Asking): Promise<Answer> {
  const began = world.clock.elapsed();
  for (const { hosts } of requests) if (hosts.length > 0) await expectHosts(world.store, hosts);
  for (;;) {
    const names: NameState[] = [];
    for (const request of requests) {
      names.push(request.name === null ? NO_NAME : await lookUpName(world, request, asking.waiter));
    }
    const busy = names.find((name) => name.busy)?.busy;
    if (busy) {
      if (world.clock.elapsed() - began > PATIENCE_MS) {
        return { refusal: { error: busy, blockers: [], hasSilent: true, quarantinedMs: undefined } };
      }
      await world.clock.sleep(POLL_MS * (0.5 + world.chance.random()), { signal: asking.signal });
      continue;
    }
    const refusal = names.find((name) => name.refusal)?.refusal;
    if (refusal) return { refusal };
    const answer = await grantMissing(world, requests, names, asking);
    if (answer) return answer;
    // A name changed hands meanwhile: whoever has it now decides how this goes on.
  }
}

async function grantMissing(
  world: World,
  requests: readonly Request[],
  names: readonly NameState[],
  { guarding, hints, seeking, lastPort, waiter, tidying }: Asking,
): Promise<Answer | undefined> {
  const parts: PartOptions[] = [];
  for (const [at, request] of requests.entries()) {
    const name = names[at]!;
    const seeker = { formerPorts: name.formerPorts, lastPort, hints, seeking, waiter };
    if (name.lease) continue;
    const tenure = await world.holders.tenureOf(world.chance.uniqueId(), request.ttlMs);
    parts.push({ request: name.isKept ? onKept(request, name) : request, name, seeker, tenure });
  }
  let granted: readonly Granted[] = [];
  if (parts.length > 0) {
    const grant = new Grant(world, guarding, parts);
    const undo = async (): Promise<void> => {
      // Should this fail too, the claims go with their holder; the first error says what is wrong.
      await grant.undo().catch(() => undefined);
      for (const { tenure } of parts) tenure.drop?.();
    };
    let leases: readonly Granted[] | undefined;
    let failure: unknown;
    try {
      const outcome = await grant.fill();
      if ("refusal" in outcome) return { refusal: outcome.refusal };
      if ("changed" in outcome) return undefined;
      if (isToKeep(requests) && !(await keepFound(world, requests, names))) return undefined;
      leases = outcome.leases;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (!leases) await (isAway(failure) ? tidying.begin(undo) : undo());
    }
    granted = leases;
  } else if (isToKeep(requests) && !(await keepFound(world, requests, names))) return undefined;
  const fresh = granted.values();
  const acquired = names.map(({ lease }): Acquired =>
    lease ? { found: lease.facts, term: lease.term } : { granted: fresh.next().value! },
  );
  return { acquired };
}

function isToKeep(requests: readonly Request[]): boolean {
  return requests.some(({ kept }) => kept);
}

/** Has names keep their ports that are to from now on, though their leases were there before; false: one is over. */
async function keepFound(
  world: World,
  requests: readonly Request[],
  names: readonly NameState[],
): Promise<boolean> {
  for (const [at, { lease, isKept }] of names.entries()) {
    if (lease && requests[at]!.kept && !isKept && !(await keepPorts(world, lease.facts))) return false;
  }
  return true;
}

/** The request as it is for a name that keeps ports: those are what it gets. */
function onKept(request: Request, { formerPorts }: NameState): Request {
  const count = formerPorts.length;
  return { ...request, pool: PortSet.of(formerPorts), prefer: null, count, align: null, kept: true };
}
