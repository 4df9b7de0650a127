// What one slot was, over all revisions; and what a call that saw it says about when that was.
//
// A call that nobody has the answer of may have changed the slot unseen. Where one may have, "still as it was" and "no
// longer" are both right: `maybe` says which states one could have ended, and how.

/** A state of the slot, from `revision` until the next one; `null`: there is none. */
export interface State {
  readonly revision: number;
  readonly value: string | null;
}

/** What a call with no answer would have made of the slot at a revision, 0 for none. */
export interface Maybe {
  removed: boolean;
}

/** One thing that a call says of a slot. */
export type Sight =
  | { readonly saw: "slot"; readonly timeline: Timeline; readonly revision: number }
  | { readonly saw: "nothing"; readonly timeline: Timeline }
  | { readonly saw: "another"; readonly timeline: Timeline; readonly than: number };

export class Timeline {
  readonly scope: string;
  readonly key: string;
  readonly #states: State[] = [];
  readonly #maybe = new Map<number, Maybe>();
  /** For states that an unanswered call may have ended: when the first call ended that saw it so. */
  readonly #goneBy = new Map<number, number>();

  constructor(scope: string, key: string) {
    this.scope = scope;
    this.key = key;
  }

  /** The revision of the newest state; 0: there is no slot. */
  get newest(): number {
    return revisionOf(this.#states.at(-1));
  }

  add(state: State): void {
    this.#states.push(state);
  }

  addMaybe(revision: number, removed: boolean): void {
    const known = this.#maybe.get(revision);
    if (known) known.removed ||= removed;
    else this.#maybe.set(revision, { removed });
  }

  /** The value that the commit of this revision wrote; `undefined` when it wrote none here. */
  valueAt(revision: number): string | undefined {
    const state = this.#states[this.#index(revision)];
    return state?.revision === revision && state.value !== null ? state.value : undefined;
  }

  /** The first point from `from` at which `sight` is right; Infinity when it never is again. */
  next(sight: Sight, from: number): number {
    let index = this.#index(from);
    if (sight.saw === "slot") {
      const at = Math.max(from, sight.revision);
      return this.#isRight(sight, this.#states[this.#index(at)]) ? at : Infinity;
    }
    for (let at = from; ; at = this.#states[++index]!.revision) {
      if (this.#isRight(sight, this.#states[index])) return at;
      if (index + 1 >= this.#states.length) return Infinity;
    }
  }

  /**
   * Notes that `sight` was right at a point, seen by a call of that time. `false` when it contradicts another
   * call: a slot that was seen gone before the call began cannot be back with its old revision.
   */
  note(sight: Sight, at: number, { start, end }: { readonly start: number; readonly end: number }): boolean {
    const revision = revisionOf(this.#states[this.#index(at)]);
    if (sight.saw === "slot") return !((this.#goneBy.get(revision) ?? Infinity) < start);
    const leaned = sight.saw === "nothing" ? revision !== 0 : sight.than === revision;
    if (leaned) this.#goneBy.set(revision, Math.min(this.#goneBy.get(revision) ?? Infinity, end));
    return true;
  }

  #isRight(sight: Sight, state: State | undefined): boolean {
    const revision = revisionOf(state);
    switch (sight.saw) {
      case "slot":
        return revision === sight.revision;
      case "nothing":
        return revision === 0 || this.#maybe.get(revision)?.removed === true;
      case "another":
        break;
    }
    return revision !== sight.than || this.#maybe.has(revision);
  }

  /** The index of the last state that began at `at` or before; -1 when none had. */
  #index(at: number): number {
    let [low, high] = [0, this.#states.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#states[middle]!.revision <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function revisionOf(state: State | undefined): number {
  return state === undefined || state.value === null ? 0 : state.revision;
}

/** The slots of all scopes. */
export class Timelines {
  readonly #scopes = new Map<string, Map<string, Timeline>>();

  of(scope: string, key: string): Timeline {
    const slots = this.#scopes.get(scope) ?? new Map<string, Timeline>();
    this.#scopes.set(scope, slots);
    const timeline = slots.get(key) ?? new Timeline(scope, key);
    slots.set(key, timeline);
    return timeline;
  }

  /** The keys of a scope that begin with `prefix`. */
  keys(scope: string, prefix: string): readonly string[] {
    return [...(this.#scopes.get(scope)?.keys() ?? [])].filter((key) => key.startsWith(prefix));
  }
}
