// The commits of a history, done again one by one in the order of their revisions.

import { type Calls, type CommitCall, type DoneCommit, HistoryViolation, type Look } from "./calls.ts";
import { type Sight, type Timeline, Timelines } from "./timeline.ts";
import { Unanswered } from "./unanswered.ts";

/** A commit at its place. */
export interface Placed {
  readonly revision: number;
  readonly call: CommitCall;
}

interface Condition {
  readonly timeline: Timeline;
  readonly ifRevision: number;
}

/** Smaller than the distance of two revisions. */
const BETWEEN = 0.5;

export class Replay {
  readonly #timelines = new Timelines();
  readonly #byRevision: ReadonlyMap<number, DoneCommit>;
  readonly #unanswered: Unanswered;

  /** @throws HistoryViolation for revisions that were not given in order. */
  constructor({ done, unanswered, looks }: Calls) {
    this.#byRevision = byRevision(done);
    this.#unanswered = new Unanswered(unanswered, this.#timelines, { byRevision: this.#byRevision, looks });
  }

  /**
   * The commits in their order.
   *
   * @throws HistoryViolation when there is none.
   */
  run(): readonly Placed[] {
    const placed: Placed[] = [];
    const revisions = [...this.#byRevision.keys(), ...this.#unanswered.revisions];
    for (const revision of revisions.toSorted((a, b) => a - b)) {
      const call = this.#byRevision.get(revision) ?? this.#explain(revision);
      this.#expectConditions(call, revision);
      this.#apply(call, revision);
      placed.push({ revision, call });
    }
    this.#unanswered.noteMaybes();
    return placed;
  }

  /** What a look says of each slot. */
  sightsOf(look: Look): readonly Sight[] {
    const sights: Sight[] = [];
    const seen = new Set<string>();
    for (const { key, revision, value } of look.slots) {
      const timeline = this.#timelines.of(look.scope, key);
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
      if (!seen.has(key)) sights.push({ saw: "nothing", timeline: this.#timelines.of(look.scope, key) });
    }
    for (const { scope, key, than } of look.refused) {
      if (Number.isNaN(than))
        throw new HistoryViolation(`a commit was refused for ${key}, which it did not change`, look);
      sights.push({ saw: "another", timeline: this.#timelines.of(scope, key), than });
    }
    return sights;
  }

  #keysOf({ scope, keys, prefix }: Look): readonly string[] {
    return prefix === undefined ? keys : this.#timelines.keys(scope, prefix);
  }

  #writer(revision: number): DoneCommit[] {
    const writer = this.#byRevision.get(revision);
    return writer ? [writer] : [];
  }

  /** The commit without an answer that wrote what was seen of a revision; of several, one whose conditions are true. */
  #explain(revision: number): CommitCall {
    const writers = this.#unanswered.writersOf(revision);
    const writer = writers.find((call) => this.#unmet(call, revision).length === 0) ?? writers[0];
    if (writer) {
      this.#unanswered.take(writer);
      return writer;
    }
    const { key, look } = this.#unanswered.traceOf(revision);
    throw new HistoryViolation(`slot ${key} was seen with revision ${revision}, which no commit wrote`, look);
  }

  #expectConditions(call: CommitCall, revision: number): void {
    for (const { timeline, ifRevision } of this.#unmet(call, revision)) {
      const had = timeline.newest === 0 ? "was none" : `had revision ${timeline.newest}`;
      const wanted = ifRevision === 0 ? "there is none" : `it has revision ${ifRevision}`;
      const sentence = `revision ${revision} was committed on the condition of slot ${timeline.key} that ${wanted}, and it ${had}`;
      throw new HistoryViolation(sentence, call, ...this.#writer(timeline.newest));
    }
    for (const { timeline } of this.#failing(call))
      timeline.add({ revision: revision - BETWEEN, value: null });
  }

  /** The conditions of a commit that are not true, and that no commit without an answer can have made so. */
  #unmet(call: CommitCall, revision: number): Condition[] {
    return this.#failing(call).filter(({ timeline, ifRevision }) => {
      return ifRevision !== 0 || !this.#unanswered.canHaveRemoved(timeline, call, revision);
    });
  }

  #failing(call: CommitCall): Condition[] {
    return call.changes
      .map(({ scope, key, ifRevision }) => ({ timeline: this.#timelines.of(scope, key), ifRevision }))
      .filter(({ timeline, ifRevision }) => timeline.newest !== ifRevision);
  }

  #apply(call: CommitCall, revision: number): void {
    for (const { scope, key, value, ifRevision } of call.changes) {
      if (value !== null || ifRevision !== 0) this.#timelines.of(scope, key).add({ revision, value });
    }
  }
}

/** The commits that were answered, in the order of their revisions. */
function byRevision(done: readonly DoneCommit[]): ReadonlyMap<number, DoneCommit> {
  const commits = new Map<number, DoneCommit>();
  let newest: DoneCommit | undefined;
  for (const commit of done.toSorted((a, b) => a.token.revision - b.token.revision)) {
    const { revision, epoch } = commit.token;
    if (newest?.token.revision === revision) {
      throw new HistoryViolation(`revision ${revision} was given twice`, newest, commit);
    }
    if (newest && newest.token.epoch > epoch) {
      const sentence = `the epoch fell from revision ${newest.token.revision} to ${revision}`;
      throw new HistoryViolation(sentence, newest, commit);
    }
    commits.set(revision, commit);
    newest = commit;
  }
  return commits;
}
