// The commits of a history, done again one by one in the order of their revisions.

import {
  type Calls,
  type CommitCall,
  type DoneCommit,
  HistoryViolation,
  type Look,
  type PlacedChange,
} from "./calls.ts";
import { type Sight, Timeline } from "./timeline.ts";

/** A commit at its place. */
export interface Placed {
  readonly revision: number;
  readonly call: CommitCall;
}

/** A slot seen with a revision that no answer told. */
interface Trace {
  readonly scope: string;
  readonly key: string;
  /** `undefined`: only the revision was seen. */
  readonly value: string | undefined;
  readonly look: CommitCall | Look;
}

interface Condition {
  readonly timeline: Timeline;
  readonly ifRevision: number;
}

/** Smaller than the distance of two revisions. */
const BETWEEN = 0.5;

export class Replay {
  readonly #calls: Calls;
  readonly #scopes = new Map<string, Map<string, Timeline>>();
  /** The commits without an answer that are not placed yet, by each slot they change. */
  readonly #open = new Map<Timeline, Set<CommitCall>>();
  readonly #byRevision = new Map<number, DoneCommit>();

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * The commits in their order.
   *
   * @throws HistoryViolation when there is none.
   */
  run(): readonly Placed[] {
    this.#index();
    const traces = this.#traces();
    const placed: Placed[] = [];
    const revisions = [...this.#byRevision.keys(), ...traces.keys()].toSorted((a, b) => a - b);
    for (const revision of revisions) {
      const call = this.#byRevision.get(revision) ?? this.#explain(revision, traces.get(revision)!);
      this.#expectConditions(call, revision);
      this.#apply(call, revision);
      placed.push({ revision, call });
    }
    for (const [timeline, calls] of this.#open) {
      for (const call of calls) {
        for (const change of call.changes) {
          if (isOf(change, timeline)) timeline.addMaybe(change.ifRevision, change.value === null);
        }
      }
    }
    return placed;
  }

  /** What a look says of each slot. */
  sightsOf(look: Look): readonly Sight[] {
    const sights: Sight[] = [];
    const seen = new Set<string>();
    for (const { key, revision, value } of look.slots) {
      const timeline = this.#timeline(look.scope, key);
      const written = timeline.valueAt(revision);
      if (written !== value) {
        const did = written === undefined ? "did not write it" : "wrote another value";
        const sentence = `slot ${key} was seen with revision ${revision}, whose commit ${did}`;
        throw new HistoryViolation(sentence, look, ...this.#writer(revision));
      }
      seen.add(key);
      sights.push({ saw: "slot", timeline, revision });
    }
    for (const key of this.#keysOf(look)) {
      if (!seen.has(key)) sights.push({ saw: "nothing", timeline: this.#timeline(look.scope, key) });
    }
    for (const { scope, key, than } of look.refused) {
      if (Number.isNaN(than))
        throw new HistoryViolation(`a commit was refused for ${key}, which it did not change`, look);
      sights.push({ saw: "another", timeline: this.#timeline(scope, key), than });
    }
    return sights;
  }

  #keysOf({ scope, keys, prefix }: Look): Iterable<string> {
    if (prefix === undefined) return keys;
    return [...(this.#scopes.get(scope)?.keys() ?? [])].filter((key) => key.startsWith(prefix));
  }

  #writer(revision: number): DoneCommit[] {
    const writer = this.#byRevision.get(revision);
    return writer ? [writer] : [];
  }

  #timeline(scope: string, key: string): Timeline {
    const slots = this.#scopes.get(scope) ?? new Map<string, Timeline>();
    this.#scopes.set(scope, slots);
    const timeline = slots.get(key) ?? new Timeline(scope, key);
    slots.set(key, timeline);
    return timeline;
  }

  #index(): void {
    let newest: DoneCommit | undefined;
    for (const commit of this.#calls.done.toSorted((a, b) => a.token.revision - b.token.revision)) {
      const { revision, epoch } = commit.token;
      if (newest?.token.revision === revision) {
        throw new HistoryViolation(`revision ${revision} was given twice`, newest, commit);
      }
      if (newest && newest.token.epoch > epoch) {
        throw new HistoryViolation(
          `the epoch fell from revision ${newest.token.revision} to ${revision}`,
          newest,
          commit,
        );
      }
      this.#byRevision.set(revision, commit);
      newest = commit;
    }
    for (const call of this.#calls.unanswered) {
      for (const { scope, key } of call.changes) {
        const timeline = this.#timeline(scope, key);
        const calls = this.#open.get(timeline) ?? new Set();
        this.#open.set(timeline, calls.add(call));
      }
    }
  }

  /** What was seen of commits without an answer, by their revision. */
  #traces(): Map<number, Trace[]> {
    const traces = new Map<number, Trace[]>();
    const add = (revision: number, trace: Trace): void => {
      if (revision === 0 || this.#byRevision.has(revision)) return;
      const known = traces.get(revision);
      if (known) known.push(trace);
      else traces.set(revision, [trace]);
    };
    for (const look of this.#calls.looks) {
      for (const { key, revision, value } of look.slots)
        add(revision, { scope: look.scope, key, value, look });
    }
    for (const commit of this.#calls.done) {
      for (const { scope, key, ifRevision } of commit.changes) {
        add(ifRevision, { scope, key, value: undefined, look: commit });
      }
    }
    return traces;
  }

  /** The commit without an answer that wrote what was seen. */
  #explain(revision: number, traces: readonly Trace[]): CommitCall {
    const [{ scope, key, look }] = traces as [Trace];
    for (const call of this.#open.get(this.#timeline(scope, key)) ?? []) {
      if (traces.every((trace) => wrote(call, trace)) && this.#unmet(call).length === 0) {
        for (const change of call.changes) this.#open.get(this.#timeline(scope, change.key))?.delete(call);
        return call;
      }
    }
    throw new HistoryViolation(`slot ${key} was seen with revision ${revision}, which no commit wrote`, look);
  }

  #expectConditions(call: CommitCall, revision: number): void {
    for (const { timeline, ifRevision } of this.#unmet(call)) {
      const had = timeline.newest === 0 ? "was none" : `had revision ${timeline.newest}`;
      const wanted = ifRevision === 0 ? "there is none" : `it has revision ${ifRevision}`;
      const sentence = `revision ${revision} was committed on the condition of slot ${timeline.key} that ${wanted}, and it ${had}`;
      throw new HistoryViolation(sentence, call, ...this.#writer(timeline.newest));
    }
    for (const { timeline } of this.#failing(call))
      timeline.add({ revision: revision - BETWEEN, value: null });
  }

  /** The conditions of a commit that are not true, and that no commit without an answer can have made so. */
  #unmet(call: CommitCall): Condition[] {
    return this.#failing(call).filter(({ timeline, ifRevision }) => {
      return ifRevision !== 0 || !this.#removedUnseen(timeline, call);
    });
  }

  #failing(call: CommitCall): Condition[] {
    return call.changes
      .map(({ scope, key, ifRevision }) => ({ timeline: this.#timeline(scope, key), ifRevision }))
      .filter(({ timeline, ifRevision }) => timeline.newest !== ifRevision);
  }

  /** Whether a commit without an answer can have taken the slot away, as it is now. */
  #removedUnseen(timeline: Timeline, by: CommitCall): boolean {
    return [...(this.#open.get(timeline) ?? [])].some((call) => {
      const change = call.changes.find((one) => isOf(one, timeline));
      return change?.value === null && change.ifRevision === timeline.newest && call.start <= by.end;
    });
  }

  #apply(call: CommitCall, revision: number): void {
    for (const { scope, key, value, ifRevision } of call.changes) {
      if (value !== null || ifRevision !== 0) this.#timeline(scope, key).add({ revision, value });
    }
  }
}

function wrote(call: CommitCall, { scope, key, value, look }: Trace): boolean {
  if (call.start > look.end) return false;
  return call.changes.some(
    (change) =>
      isOf(change, { scope, key }) &&
      change.value !== null &&
      (value === undefined || change.value === value),
  );
}

function isOf(
  change: PlacedChange,
  { scope, key }: { readonly scope: string; readonly key: string },
): boolean {
  return change.scope === scope && change.key === key;
}
