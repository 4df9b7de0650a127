// What etcd tells of a scope: all its slots, then its changes in the order of their revisions, from the revision of the list on.
//
// A watch that breaks off goes on where it was, at the next member if need be; a silent one is begun anew from time to
// time, because a connection that only seems to be there is silent too. When etcd cancels it, all slots are told again: it
// has compacted what came in between, or does not know the user's token any more, which the list then renews.

import {
  type AbortSignalLike,
  type ChangedSlot,
  type Chance,
  type Clock,
  type SlotChanges,
  throwIfAborted,
} from "../../contract/index.ts";
import { PortError } from "../../core/index.ts";
import type { Client } from "./client.ts";
import { isFinal, Refusal } from "./failure.ts";
import { encode, endOf, type WatchAnswer } from "./messages.ts";
import { readPlainEvents } from "./plain-events.ts";
import type { Ranges } from "./ranges.ts";
import { etcdRevisionOf, lastOf } from "./revisions.ts";
import type { Keys } from "./schema.ts";

export interface WatchSurroundings {
  readonly client: Client;
  readonly keys: Keys;
  readonly ranges: Ranges;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** For how long a watch is silent before it is begun anew. */
const SILENCE_MS = 15_000;
/** Before another try, which is twice as long each time that one fails. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1000;

/**
 * Goes on until the signal, through whatever happens to the connection once it has begun.
 *
 * @throws PortError `STORE_UNAVAILABLE` when it cannot begin, or is not allowed to go on; the signal's reason.
 */
export async function* followScope(
  { client, keys, ranges, clock, chance }: WatchSurroundings,
  scope: string,
  signal: AbortSignalLike,
): AsyncGenerator<SlotChanges, void> {
  let pauseMs = FIRST_PAUSE_MS;
  const pause = async (): Promise<void> => {
    await clock.sleep(pauseMs * (0.5 + chance.random()), { signal, background: true });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };
  const all = keys.scope(scope);
  const range = { key: encode(all), range_end: encode(endOf(all)) };
  for (let isBegun = false; ;) {
    let revision: number;
    try {
      const listed = await ranges.list(scope, "", { signal });
      ({ revision } = listed);
      yield { all: true, ...listed };
    } catch (error) {
      if (!isBegun || !PortError.is(error) || isForGood(error) || isForGood(error.cause)) throw error;
      await pause();
      continue;
    }
    for (let isCancelled = false; !isCancelled;) {
      const request = { create_request: { ...range, start_revision: `${etcdRevisionOf(revision) + 1}` } };
      try {
        const options = { silenceMs: SILENCE_MS, signal, read: readPlainEvents };
        for await (const answers of client.stream<WatchAnswer>("/v3/watch", request, options)) {
          pauseMs = FIRST_PAUSE_MS;
          const slots = changesIn(answers, ranges, scope);
          if (slots.length > 0) {
            // That of an answer's header can be beyond what was told so far.
            revision = lastOf(slots.at(-1)!.revision);
            yield { all: false, slots, revision };
          }
          isCancelled = answers.some(({ canceled }) => canceled);
          if (isCancelled) break;
        }
      } catch (error) {
        throwIfAborted(signal);
        if (isForGood(error)) throw client.failure(error);
      }
      await pause();
    }
    isBegun = true;
  }
}

/** Whether it is of no use to begin anew. */
function isForGood(error: unknown): boolean {
  if (PortError.is(error)) return error.code === "STORE_DAMAGED";
  return error instanceof Refusal && isFinal(error);
}

function changesIn(answers: readonly WatchAnswer[], ranges: Ranges, scope: string): ChangedSlot[] {
  const slots: ChangedSlot[] = [];
  for (const { events = [] } of answers) {
    for (const { type, kv } of events) {
      slots.push(type === "DELETE" ? ranges.removedOf(scope, kv) : ranges.slotOf(scope, kv));
    }
  }
  return slots;
}
