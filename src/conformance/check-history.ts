// Proves that a history could have been made by one store that does one call after the other: that it is
// linearizable, with commits over several slots as transactions.
//
// Commits say their place themselves: their revision. So the commits are replayed in that order, each must
// find its conditions true, and the order must agree with the clock. Then every other call must fit in at a
// point between its start and its end, in an order that agrees with the clock too; the earliest point that fits
// is the best one for all who come later. Time and memory grow with the number of calls, not with their
// overlaps.
//
// A commit without an answer may have been done. When it wrote something that was seen, it is found by that, and
// takes its place among the others, and so does what it was decided on (see unanswered.ts); for that, values must be
// distinct. When all it did was to take a slot away, it is not placed: for the slot, both is right from then on, as long
// as nobody sees it come back.

import { callsOf, HistoryViolation, type Look } from "./calls.ts";
import type { HistoryEvent } from "./history.ts";
import { type Placed, Replay } from "./replay.ts";
import type { Sight } from "./timeline.ts";

export type HistoryVerdict =
  | { readonly ok: true; readonly commits: number; readonly reads: number }
  | { readonly ok: false; readonly violation: string; readonly events: readonly HistoryEvent[] };

/**
 * Checks a history that began with an empty store: the events of all clients, in any order.
 *
 * @example
 * const verdict = checkHistory(lines.map((line) => JSON.parse(line)));
 * if (!verdict.ok) throw new Error(verdict.violation);
 */
export function checkHistory(events: Iterable<HistoryEvent>): HistoryVerdict {
  try {
    const calls = callsOf(events);
    const replay = new Replay(calls);
    const placed = replay.run();
    expectClockOrder(placed);
    placeLooks(calls.looks, placed, replay);
    return { ok: true, commits: placed.length, reads: calls.reads };
  } catch (error) {
    if (!(error instanceof HistoryViolation)) throw error;
    return { ok: false, violation: error.message, events: error.events };
  }
}

/** A commit that ended before another one began has the smaller revision. */
function expectClockOrder(placed: readonly Placed[]): void {
  let first: Placed | undefined;
  for (const commit of placed.toReversed()) {
    if (first && first.call.end < commit.call.start) {
      const [later, earlier] = [commit, first];
      throw new HistoryViolation(
        `the commit of revision ${earlier.revision} had ended before that of revision ${later.revision} began`,
        earlier.call,
        later.call,
      );
    }
    if (!first || commit.call.end < first.call.end) first = commit;
  }
}

/** Finds a point for every look, in the order in which they began. */
function placeLooks(looks: readonly Look[], placed: readonly Placed[], replay: Replay): void {
  const byStart = looks.toSorted((a, b) => a.start - b.start);
  const points = new Map<Look, number>();
  const notBefore = growing(placed.map(({ revision, call }) => ({ time: call.end, point: () => revision })));
  const notBeforeLooks = growing(looks.map((look) => ({ time: look.end, point: () => points.get(look)! })));
  const beforeAt = shrinking(placed);
  for (const look of byStart) {
    const sights = replay.sightsOf(look);
    const from = Math.max(0, notBefore(look.start), notBeforeLooks(look.start));
    const before = beforeAt(look.end);
    const point = firstPoint(sights, from, before);
    if (point === undefined) throw new HistoryViolation(misfit(look, from, before), look);
    points.set(look, point);
    for (const sight of sights) {
      if (sight.timeline.note(sight, point, look)) continue;
      throw new HistoryViolation(`slot ${sight.timeline.key} was back after it had been seen gone`, look);
    }
  }
}

/** The first point from `from` and before `before` at which all sights are right. */
function firstPoint(sights: readonly Sight[], from: number, before: number): number | undefined {
  let point = from;
  for (let agreed = 0; agreed < sights.length && point < before;) {
    agreed = 0;
    for (const sight of sights) {
      const next = sight.timeline.next(sight, point);
      if (next === point) agreed++;
      point = next;
    }
  }
  return point < before ? point : undefined;
}

/** The largest point of those whose time is over; to be asked for times that grow. */
function growing(
  entries: readonly { readonly time: number; readonly point: () => number }[],
): (time: number) => number {
  const byTime = entries.toSorted((a, b) => a.time - b.time);
  let [index, largest] = [0, 0];
  return (time) => {
    for (; index < byTime.length && byTime[index]!.time < time; index++) {
      largest = Math.max(largest, byTime[index]!.point());
    }
    return largest;
  };
}

/** The smallest revision of the commits that began after a time. */
function shrinking(placed: readonly Placed[]): (time: number) => number {
  const byStart = placed.toSorted((a, b) => a.call.start - b.call.start);
  const smallest: number[] = [];
  for (let index = byStart.length - 1, least = Infinity; index >= 0; index--) {
    least = Math.min(least, byStart[index]!.revision);
    smallest[index] = least;
  }
  return (time) => {
    let [low, high] = [0, byStart.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byStart[middle]!.call.start <= time) low = middle + 1;
      else high = middle;
    }
    return smallest[low] ?? Infinity;
  };
}

function misfit(look: Look, from: number, before: number): string {
  const during = `from revision ${Math.floor(from)} to before ${before}`;
  if (look.refused.length === 0) return `what was read was never true together in its time, ${during}`;
  return `a commit was refused for slots that had not changed in its time, ${during}`;
}
