// The commits without an answer: which of them were done, and what they may have done unseen.
//
// One whose value was seen was done. So was one whose revision a commit that was done was decided on; and what it was
// decided on itself was done before it. That is how the updates of one transaction are found of which only the last
// left anything to see. What nobody saw counts for nothing: a transaction that ended with its process was read by the
// updates in it, whose commits ended with it.

import { type CommitCall, type DoneCommit, isOf, type Look, type Place, type PlacedChange } from "./calls.ts";
import type { Timeline, Timelines } from "./timeline.ts";

/** A slot seen with a revision that no answer told. */
interface Trace extends Place {
  /** `undefined`: only the revision was seen. */
  readonly value: string | undefined;
  readonly look: CommitCall | Look;
}

export interface Answered {
  readonly byRevision: ReadonlyMap<number, DoneCommit>;
  readonly looks: readonly Look[];
}

export class Unanswered {
  readonly #timelines: Timelines;
  readonly #answered: Answered;
  /** Those that are not placed yet, by each slot they change. */
  readonly #open = new Map<Timeline, Set<CommitCall>>();
  readonly #traces = new Map<number, Trace[]>();

  constructor(calls: readonly CommitCall[], timelines: Timelines, answered: Answered) {
    this.#timelines = timelines;
    this.#answered = answered;
    for (const call of calls) {
      for (const { scope, key } of call.changes) {
        const timeline = timelines.of(scope, key);
        const known = this.#open.get(timeline) ?? new Set();
        this.#open.set(timeline, known.add(call));
      }
    }
    this.#findTraces();
  }

  /** The revisions of those that were done. */
  get revisions(): Iterable<number> {
    return this.#traces.keys();
  }

  /** Those that can have left all that was seen of a revision. */
  writersOf(revision: number): readonly CommitCall[] {
    const traces = this.#traces.get(revision) ?? [];
    return [...this.#openAt(traces[0])].filter((call) => traces.every((trace) => wrote(call, trace)));
  }

  /** What was seen of a revision first. */
  traceOf(revision: number): Trace {
    return this.#traces.get(revision)![0]!;
  }

  /** To be called for one that has its place. */
  take(call: CommitCall): void {
    for (const { scope, key } of call.changes) this.#open.get(this.#timelines.of(scope, key))?.delete(call);
  }

  /** Whether one can have taken the slot away, as it is now, before `by` was done at a revision. */
  canHaveRemoved(timeline: Timeline, by: CommitCall, revision: number): boolean {
    return [...(this.#open.get(timeline) ?? [])].some((call) => {
      const { ifRevision, value } = changeOf(call, timeline);
      if (value !== null || call.start > by.end || ifRevision >= revision) return false;
      return this.#lastSeen(call, timeline) === timeline.newest;
    });
  }

  /** Notes on the timelines what those that have no place may have done. */
  noteMaybes(): void {
    for (const [timeline, calls] of this.#open) {
      for (const call of calls) {
        timeline.addMaybe(this.#lastSeen(call, timeline), changeOf(call, timeline).value === null);
      }
    }
  }

  #findTraces(): void {
    const toFollow = new Set<number>();
    const add = (revision: number, trace: Trace): void => {
      if (revision === 0 || this.#answered.byRevision.has(revision)) return;
      const known = this.#traces.get(revision);
      if (known) known.push(trace);
      else this.#traces.set(revision, [trace]);
      toFollow.add(revision);
    };
    const addConditions = (commit: CommitCall): void => {
      for (const { scope, key, ifRevision } of commit.changes) {
        add(ifRevision, { scope, key, value: valueSeenBy(commit, { scope, key }), look: commit });
      }
    };
    for (const look of this.#answered.looks) {
      const { scope, slots } = look;
      for (const { key, revision, value } of slots) add(revision, { scope, key, value, look });
    }
    for (const commit of this.#answered.byRevision.values()) addConditions(commit);
    const followed = new Set<CommitCall>();
    // A revision comes again when more was seen of it.
    for (const revision of toFollow) {
      toFollow.delete(revision);
      const [writer, another] = this.writersOf(revision);
      if (!writer || another || followed.has(writer)) continue;
      followed.add(writer);
      addConditions(writer);
    }
  }

  /** The revision that a slot was last seen with before `call` changed it, and others perhaps before it. */
  #lastSeen(call: CommitCall, timeline: Timeline): number {
    const { ifRevision } = changeOf(call, timeline);
    const isSeen = this.#answered.byRevision.has(ifRevision) || this.#traces.has(ifRevision);
    if (ifRevision === 0 || isSeen) return ifRevision;
    const value = valueSeenBy(call, timeline);
    const writer = [...(this.#open.get(timeline) ?? [])].find((other) => {
      const change = changeOf(other, timeline);
      return change.value === value && change.ifRevision < ifRevision;
    });
    return writer ? this.#lastSeen(writer, timeline) : ifRevision;
  }

  #openAt(trace: Trace | undefined): Iterable<CommitCall> {
    return (trace && this.#open.get(this.#timelines.of(trace.scope, trace.key))) ?? [];
  }
}

function wrote(call: CommitCall, trace: Trace): boolean {
  if (call.start > trace.look.end) return false;
  const value = call.changes.find((change) => isOf(change, trace))?.value;
  return typeof value === "string" && (trace.value === undefined || trace.value === value);
}

function changeOf(call: CommitCall, place: Place): PlacedChange {
  return call.changes.find((change) => isOf(change, place))!;
}

function valueSeenBy({ decidedOn }: CommitCall, place: Place): string | undefined {
  return decidedOn.find((slot) => isOf(slot, place))?.value;
}
