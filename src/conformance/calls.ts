// The calls of a history: each start with its end, sorted by what is known of them.

import type { Slot, SlotChange, Token } from "../contract/index.ts";
import type { HistoryEvent } from "./history.ts";

type Start = Extract<HistoryEvent, { event: "start" }>;
type End = Extract<HistoryEvent, { event: "end" }>;

interface Call {
  readonly events: readonly HistoryEvent[];
  readonly scope: string;
  readonly start: number;
  /** Infinity: nobody knows whether and when it was done. */
  readonly end: number;
}

/** A slot, by where it is. */
export interface Place {
  readonly scope: string;
  readonly key: string;
}

/** A change, and where it is. */
export type PlacedChange = SlotChange & Place;

export interface CommitCall extends Call {
  readonly changes: readonly PlacedChange[];
  /** What an update was decided on. */
  readonly decidedOn: readonly (Slot & Place)[];
}

export interface DoneCommit extends CommitCall {
  readonly token: Token;
}

/** A read, a list, or a commit that was refused for these slots: it changed nothing, and saw something. */
export interface Look extends Call {
  readonly slots: readonly Slot[];
  /** Of these keys, it saw those that are not among `slots` absent. */
  readonly keys: readonly string[];
  /** The same for all keys that begin with it. */
  readonly prefix: string | undefined;
  /** Slots that had another revision than this one. */
  readonly refused: readonly { readonly scope: string; readonly key: string; readonly than: number }[];
}

export interface Calls {
  readonly done: readonly DoneCommit[];
  readonly unanswered: readonly CommitCall[];
  readonly looks: readonly Look[];
  readonly reads: number;
}

export class HistoryViolation extends Error {
  readonly events: readonly HistoryEvent[];

  constructor(sentence: string, ...calls: readonly { readonly events: readonly HistoryEvent[] }[]) {
    super(sentence);
    this.events = calls.flatMap(({ events }) => events);
  }
}

/** @throws HistoryViolation for events that no recording gives. */
export function callsOf(events: Iterable<HistoryEvent>): Calls {
  const [starts, ends] = [new Map<string, Start>(), new Map<string, End>()];
  for (const event of events) {
    const known: Map<string, HistoryEvent> = event.event === "start" ? starts : ends;
    if (known.has(event.call)) {
      throw new HistoryViolation(`call ${event.call} has two ${event.event}s`, { events: [event] });
    }
    known.set(event.call, event);
  }
  const [done, unanswered, looks]: [DoneCommit[], CommitCall[], Look[]] = [[], [], []];
  let reads = 0;
  for (const [call, start] of starts) {
    const end = ends.get(call);
    ends.delete(call);
    const answered = end !== undefined && !("error" in end);
    const base = {
      events: end ? [start, end] : [start],
      scope: start.scope,
      start: start.at,
      end: answered ? end.at : Infinity,
    };
    if (start.op === "commit") {
      const changes = start.changes.map((change) => ({ ...change, scope: change.scope ?? start.scope }));
      const decidedOn = (start.decidedOn ?? []).map((slot) => ({ ...slot, scope: start.scope }));
      const commit = { ...base, changes, decidedOn };
      if (!answered || !("commit" in end)) unanswered.push(commit);
      else if (end.commit.committed) done.push({ ...commit, token: end.commit.token });
      else
        looks.push({
          ...base,
          slots: [],
          keys: [],
          prefix: undefined,
          refused: refusedOf(start.scope, changes, end.commit.changed),
        });
    } else if (answered && "slots" in end) {
      reads++;
      const asked =
        start.op === "read" ? { keys: start.keys, prefix: undefined } : { keys: [], prefix: start.prefix };
      looks.push({ ...base, ...asked, slots: end.slots, refused: [] });
    }
  }
  for (const end of ends.values()) {
    throw new HistoryViolation(`call ${end.call} ended and never began`, { events: [end] });
  }
  return { done, unanswered, looks, reads };
}

export function isOf(one: Place, { scope, key }: Place): boolean {
  return one.scope === scope && one.key === key;
}

function refusedOf(
  scope: string,
  changes: readonly PlacedChange[],
  changed: readonly string[],
): Look["refused"] {
  return changed.flatMap((key) => {
    const named = changes.filter((change) => change.key === key);
    // A slot that the commit did not change had no condition: no state explains that it failed.
    if (named.length === 0) return [{ scope, key, than: NaN }];
    // Of slots of several scopes that have one key, any can be the one that is meant.
    return named.length > 1 ? [] : [{ scope: named[0]!.scope, key, than: named[0]!.ifRevision }];
  });
}
