// An update over an engine that answers over a network: decided on what the view says, so that it takes one round
// trip, and committed on the condition that all slots are still as they were seen.
//
// A view that was behind costs another round, on what the engine found instead. A negative answer, that nothing is to be
// done or that something is wrong, is given only on what the engine itself said.

import {
  type AbortableOptions,
  type Chance,
  type Clock,
  type Commit,
  type Decide,
  type Slot,
  type SlotChange,
  type Token,
} from "../../contract/index.ts";
import { PortError } from "../../core/index.ts";
import type { View } from "./view.ts";

/** A slot that is to be as it was seen; 0: not there. */
export interface Condition {
  readonly key: string;
  readonly revision: number;
}

/** A commit that was tried; when it was refused, the slots of its changes and conditions as they were then. */
export type Attempt =
  | { readonly committed: true; readonly token: Token }
  | {
      readonly committed: false;
      readonly changed: readonly string[];
      readonly found: ReadonlyMap<string, Slot>;
    };

/** An attempt as whoever only commits is told of it. */
export function withoutSlots(attempt: Attempt): Commit {
  return attempt.committed ? attempt : { committed: false, changed: attempt.changed };
}

/** What an update asks of its engine. */
export interface UpdateCalls {
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Slot>>;
  /** Commits the changes if they can be and all conditions are true, which are for slots that do not change. */
  attempt(changes: readonly SlotChange[], conditions: readonly Condition[]): Promise<Attempt>;
}

export interface UpdateOptions extends AbortableOptions {
  readonly scope: string;
  readonly keys: readonly string[];
  readonly decide: Decide;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** How long others may come in between, time after time. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 3;
const EAGER_TRIES = 4;

/**
 * As `Store.update`.
 *
 * @throws PortError `STORE_BUSY` when others change the same slots all the time.
 */
export async function updateByView(
  view: View | undefined,
  calls: UpdateCalls,
  options: UpdateOptions,
): Promise<Commit | undefined> {
  const { keys, decide, clock } = options;
  const began = clock.elapsed();
  let seen: ReadonlyMap<string, Slot> | undefined = view?.pick(keys);
  let isConfirmed = !seen;
  seen ??= await calls.read(keys);
  for (let tries = 1; ; tries++) {
    const changes = isConfirmed ? decide(seen) : tentative(decide, seen);
    if (changes.length === 0) {
      if (isConfirmed) return undefined;
      seen = await calls.read(keys);
      isConfirmed = true;
      continue;
    }
    const attempt = await calls.attempt(changes, conditionsOf(options, changes, seen));
    if (attempt.committed) return attempt;
    const { changed, found } = attempt;
    // Decided anew, it would be refused for these once more.
    const asSeen = seen;
    const isFinal = changes.some(
      (change) => changed.includes(change.key) && !isAsSeen(options, change, asSeen),
    );
    if (isConfirmed && isFinal) return { committed: false, changed };
    seen = new Map([...found].filter(([key]) => keys.includes(key)));
    isConfirmed = true;
    await pauseAfter(tries, began, options);
  }
}

/** What is decided on the word of a view: when that is an error, nothing. */
function tentative(decide: Decide, seen: ReadonlyMap<string, Slot>): readonly SlotChange[] {
  try {
    return decide(seen);
  } catch {
    return [];
  }
}

/** The slots that were seen and do not change. */
function conditionsOf(
  { scope, keys }: UpdateOptions,
  changes: readonly SlotChange[],
  seen: ReadonlyMap<string, Slot>,
): Condition[] {
  const told = new Set<string>();
  for (const change of changes) if (isIn(scope, change)) told.add(change.key);
  const conditions: Condition[] = [];
  for (const key of keys) {
    if (told.has(key)) continue;
    told.add(key);
    conditions.push({ key, revision: seen.get(key)?.revision ?? 0 });
  }
  return conditions;
}

function isAsSeen(
  { scope, keys }: UpdateOptions,
  change: SlotChange,
  seen: ReadonlyMap<string, Slot>,
): boolean {
  const { key, ifRevision } = change;
  return isIn(scope, change) && keys.includes(key) && ifRevision === (seen.get(key)?.revision ?? 0);
}

function isIn(scope: string, change: SlotChange): boolean {
  return change.scope === undefined || change.scope === scope;
}

/** Short random pauses, so that of many who want one slot each gets it some time. */
async function pauseAfter(tries: number, began: number, options: UpdateOptions): Promise<void> {
  const { clock, chance, signal } = options;
  const waitedMs = Math.round(clock.elapsed() - began);
  if (waitedMs > PATIENCE_MS) {
    const message = `others changed the same slots all the time for ${waitedMs} ms`;
    throw new PortError("STORE_BUSY", message, { waitedMs });
  }
  if (tries > EAGER_TRIES) await clock.sleep(PAUSE_MS * chance.random(), { signal });
}
