// The checker alone: which histories it takes for those of one store, calls without an answer included.

import { describe, expect, it } from "vitest";

import {
  checkHistory,
  type HistoryAnswer,
  type HistoryCall,
  type HistoryEvent,
} from "../../src/conformance/index.ts";
import type { Slot, SlotChange } from "../../src/contract/index.ts";
import { memory } from "../../src/stores/memory/index.ts";

type Answer = HistoryAnswer | "none";
/** A call: when it began, when it ended, what was asked and answered. */
type Row = readonly [start: number, end: number, asked: HistoryCall, answer: Answer];

const scope = "scope";
const set = (key: string, ifRevision: number, value: string | null): SlotChange => ({
  key,
  ifRevision,
  value,
});
const slot = (key: string, revision: number, value: string): Slot => ({ key, revision, value });
const commit = (...changes: SlotChange[]): HistoryCall => ({ op: "commit", scope, changes });
const there = (change: SlotChange): SlotChange => ({ ...change, scope: "there" });
const readThere = (...keys: string[]): HistoryCall => ({ op: "read", scope: "there", keys });
const read = (...keys: string[]): HistoryCall => ({ op: "read", scope, keys });
const list: HistoryCall = { op: "list", scope, prefix: "k" };
const as = (revision: number, epoch = 1): Answer => ({
  commit: { committed: true, token: { epoch, revision } },
});
const refused = (...changed: string[]): Answer => ({ commit: { committed: false, changed } });
const saw = (...slots: Slot[]): Answer => ({ slots });

function eventsOf(rows: readonly Row[]): HistoryEvent[] {
  return rows.flatMap(([start, end, asked, answer], index): HistoryEvent[] => {
    const began: HistoryEvent = { event: "start", call: `${index}`, at: start, ...asked };
    return answer === "none" ? [began] : [began, { event: "end", call: `${index}`, at: end, ...answer }];
  });
}

const A1: Row = [1, 2, commit(set("k1", 0, "A")), as(1)];
const REMOVED: Row = [3, 4, commit(set("k1", 1, null)), as(2)];
const LOST_WRITE: Row = [3, 0, commit(set("k1", 1, "B"), set("k2", 0, "C")), "none"];
const BOTH: Row = [1, 2, commit(set("k1", 0, "A"), there(set("k1", 0, "B"))), as(1)];
const LOST_REMOVAL: Row = [3, 0, commit(set("k1", 1, null)), "none"];

const right: readonly (readonly [string, readonly Row[]])[] = [
  ["nothing at all", []],
  ["a read of what was committed", [A1, [3, 4, read("k1", "k2"), saw(slot("k1", 1, "A"))]]],
  ["a read beside a commit, of before", [A1, [2.5, 5, read("k1"), saw(slot("k1", 1, "A"))], REMOVED]],
  ["a read beside a commit, of after", [A1, [2.5, 5, read("k1"), saw()], REMOVED]],
  [
    "commits beside each other, in any order",
    [
      [1, 9, commit(set("k1", 0, "A")), as(2)],
      [2, 8, commit(set("k2", 0, "B")), as(1)],
    ],
  ],
  ["a refusal for a slot that had changed", [A1, [3, 4, commit(set("k1", 0, "B")), refused("k1")]]],
  [
    "a refusal beside the commit that explains it",
    [
      [1, 9, commit(set("k1", 0, "A")), as(1)],
      [2, 3, commit(set("k1", 0, "B")), refused("k1")],
    ],
  ],
  ["a lost write that was done", [A1, LOST_WRITE, [5, 6, list, saw(slot("k1", 2, "B"), slot("k2", 2, "C"))]]],
  ["a lost write that was not", [A1, LOST_WRITE, [5, 6, list, saw(slot("k1", 1, "A"))]]],
  [
    "a lost write that was done late",
    [A1, LOST_WRITE, [5, 6, list, saw(slot("k1", 1, "A"))], [7, 8, read("k2"), saw(slot("k2", 2, "C"))]],
  ],
  ["a lost write that a commit builds on", [A1, LOST_WRITE, [5, 6, commit(set("k1", 2, "D")), as(3)]]],
  [
    "a lost write that explains a refusal",
    [A1, LOST_WRITE, [5, 6, commit(set("k1", 1, "D")), refused("k1")]],
  ],
  ["a lost removal that was done", [A1, LOST_REMOVAL, [5, 6, list, saw()]]],
  ["a lost removal that was not", [A1, LOST_REMOVAL, [5, 6, list, saw(slot("k1", 1, "A"))]]],
  ["a lost removal that a commit builds on", [A1, LOST_REMOVAL, [5, 6, commit(set("k1", 0, "B")), as(3)]]],
  [
    "a lost removal that another lost commit builds on",
    [A1, LOST_REMOVAL, [5, 0, commit(set("k1", 0, "B")), "none"], [7, 8, list, saw(slot("k1", 3, "B"))]],
  ],
  [
    "a commit that failed with an error, and was done",
    [A1, [3, 4, commit(set("k1", 1, "B")), { error: "aborted" }], [5, 6, list, saw(slot("k1", 2, "B"))]],
  ],
  [
    "a commit over two scopes, seen in both",
    [BOTH, [3, 4, read("k1"), saw(slot("k1", 1, "A"))], [3, 4, readThere("k1"), saw(slot("k1", 1, "B"))]],
  ],
  [
    "a refusal that can be for the slot of either scope",
    [BOTH, [3, 4, commit(set("k1", 1, "X"), there(set("k1", 0, "X"))), refused("k1")]],
  ],
  [
    "a lost write over two scopes that was done",
    [
      BOTH,
      [3, 0, commit(set("k1", 1, "C"), there(set("k1", 1, "D"))), "none"],
      [5, 6, readThere("k1"), saw(slot("k1", 2, "D"))],
      [7, 8, read("k1"), saw(slot("k1", 2, "C"))],
    ],
  ],
];

const wrong: readonly (readonly [string, readonly Row[], RegExp])[] = [
  ["a revision given twice", [A1, [1, 2, commit(set("k2", 0, "B")), as(1)]], /revision 1 was given twice/u],
  [
    "an epoch that falls",
    [
      [1, 2, commit(set("k1", 0, "A")), as(1, 2)],
      [3, 4, commit(set("k2", 0, "B")), as(2, 1)],
    ],
    /the epoch fell/u,
  ],
  [
    "revisions against the clock",
    [
      [1, 2, commit(set("k1", 0, "A")), as(2)],
      [3, 4, commit(set("k2", 0, "B")), as(1)],
    ],
    /revision 2 had ended before that of revision 1 began/u,
  ],
  [
    "a lost update",
    [A1, [3, 4, commit(set("k1", 1, "B")), as(2)], [3, 5, commit(set("k1", 1, "C")), as(3)]],
    /k1 that it has revision 1, and it had revision 2/u,
  ],
  [
    "a slot made twice",
    [A1, [3, 4, commit(set("k1", 0, "B")), as(2)]],
    /k1 that there is none, and it had revision 1/u,
  ],
  [
    "a slot changed that is gone",
    [A1, REMOVED, [5, 6, commit(set("k1", 1, "B")), as(3)]],
    /k1 that it has revision 1, and it was none/u,
  ],
  [
    "a refusal without a reason",
    [A1, [3, 4, commit(set("k1", 1, "B")), refused("k1")]],
    /refused for slots that had not changed/u,
  ],
  [
    "a refusal for a slot that was not asked",
    [A1, [3, 4, commit(set("k1", 1, "B")), refused("k2")]],
    /refused for k2, which it did not change/u,
  ],
  [
    "a read of an old state",
    [A1, REMOVED, [5, 6, read("k1"), saw(slot("k1", 1, "A"))]],
    /never true together/u,
  ],
  ["a commit that is not seen", [A1, [3, 4, read("k1"), saw()]], /never true together/u],
  [
    "a commit seen before it began",
    [
      [1, 2, read("k1"), saw(slot("k1", 1, "A"))],
      [3, 4, commit(set("k1", 0, "A")), as(1)],
    ],
    /never true together/u,
  ],
  [
    "a commit seen by halves",
    [
      [1, 9, commit(set("k1", 0, "A"), set("k2", 0, "B")), as(1)],
      [2, 3, list, saw(slot("k1", 1, "A"))],
    ],
    /never true together/u,
  ],
  [
    "two reads that go back in time",
    [
      [1, 9, commit(set("k1", 0, "A")), as(1)],
      [2, 3, read("k1"), saw(slot("k1", 1, "A"))],
      [4, 5, read("k1"), saw()],
    ],
    /never true together/u,
  ],
  [
    "a value that nobody wrote",
    [A1, [3, 4, read("k1"), saw(slot("k1", 1, "X"))]],
    /whose commit wrote another value/u,
  ],
  [
    "a slot of a commit that wrote others",
    [A1, [3, 4, read("k2"), saw(slot("k2", 1, "A"))]],
    /whose commit did not write it/u,
  ],
  [
    "a revision that nobody committed",
    [A1, [3, 4, read("k1"), saw(slot("k1", 7, "A"))]],
    /revision 7, which no commit wrote/u,
  ],
  ["a lost write by halves", [A1, LOST_WRITE, [5, 6, list, saw(slot("k1", 2, "B"))]], /never true together/u],
  [
    "a lost write before it was made",
    [A1, [2.5, 2.7, read("k2"), saw(slot("k2", 2, "C"))], LOST_WRITE],
    /no commit wrote/u,
  ],
  [
    "a lost write that goes again",
    [
      A1,
      LOST_WRITE,
      [5, 6, read("k2"), saw(slot("k2", 2, "C"))],
      [7, 8, read("k1"), saw(slot("k1", 1, "A"))],
    ],
    /never true together/u,
  ],
  [
    "a slot that comes back after a lost removal",
    [A1, LOST_REMOVAL, [5, 6, list, saw()], [7, 8, list, saw(slot("k1", 1, "A"))]],
    /k1 was back after it had been seen gone/u,
  ],
  [
    "a slot changed in another scope than it is in",
    [A1, [3, 4, commit(there(set("k1", 1, "B"))), as(2)]],
    /k1 that it has revision 1, and it was none/u,
  ],
  [
    "a commit over two scopes that is seen in one",
    [BOTH, [3, 4, readThere("k1"), saw()]],
    /never true together/u,
  ],
  [
    "a lost write over two scopes by halves",
    [
      BOTH,
      [3, 0, commit(set("k1", 1, "C"), there(set("k1", 1, "D"))), "none"],
      [5, 6, readThere("k1"), saw(slot("k1", 2, "D"))],
      [7, 8, read("k1"), saw(slot("k1", 1, "A"))],
    ],
    /never true together/u,
  ],
  ["an answer to nothing", [], /never began/u],
];

describe("a history is right that has", () => {
  it.each(right)("%s", (_, rows) => {
    expect(checkHistory(eventsOf(rows))).toMatchObject({ ok: true });
    expect(checkHistory(eventsOf(rows).toReversed())).toMatchObject({ ok: true });
  });
});

describe("a history is wrong that has", () => {
  it.each(wrong)("%s", (_, rows, violation) => {
    const stray: HistoryEvent = { event: "end", call: "stray", at: 1, slots: [] };
    const events = rows.length > 0 ? eventsOf(rows) : [stray];
    const verdict = checkHistory(events);
    expect(verdict).toMatchObject({ ok: false, violation: expect.stringMatching(violation) as string });
    for (const event of verdict.ok ? [] : verdict.events) expect(events).toContainEqual(event);
  });
});

/** Clients at random on a right store, some of whose answers are lost, whether the commit was done or not. */
async function randomHistory(seed: number): Promise<HistoryEvent[]> {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const events: HistoryEvent[] = [];
  const shared = memory();
  let tick = 0;
  let calls = 0;
  const record = async <T>(
    asked: HistoryCall,
    made: () => Promise<T>,
    answer: (result: T) => HistoryAnswer,
  ): Promise<T> => {
    const call = `${++calls}`;
    events.push({ event: "start", call, at: tick++, ...asked });
    for (let wait = random() * 4; wait > 1; wait--) await Promise.resolve();
    const lost = asked.op === "commit" && random() < 0.2;
    if (lost && random() < 0.5) return undefined as T;
    const result = await made();
    for (let wait = random() * 4; wait > 1; wait--) await Promise.resolve();
    if (!lost) events.push({ event: "end", call, at: tick++, ...answer(result) });
    return result;
  };
  const work = async (client: number): Promise<void> => {
    const store = await shared.open();
    for (let round = 0; round < 30; round++) {
      const keys = ["k0", "k1", "k2", "k3"].filter(() => random() < 0.5);
      const slots = await record(
        { op: "read", scope, keys },
        () => store.read(scope, keys),
        (found) => ({ slots: [...found.values()] }),
      );
      const changes = keys.map((key) => {
        const ifRevision = slots.get(key)?.revision ?? 0;
        return set(key, ifRevision, ifRevision > 0 && random() < 0.4 ? null : `${client}.${round}`);
      });
      await record(
        { op: "commit", scope, changes },
        () => store.commit(scope, changes),
        (done) => ({ commit: done }),
      );
      await record(
        list,
        () => store.list(scope, "k"),
        (found) => ({ slots: found }),
      );
    }
  };
  await Promise.all([1, 2, 3, 4].map(work));
  return events;
}

describe("the histories of a right store", () => {
  it("are right, whichever answers are lost", async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const verdict = checkHistory(await randomHistory(seed));
      expect([seed, verdict]).toMatchObject([seed, { ok: true }]);
    }
  });

  it("are checked in a time that grows with their length, not with its square", () => {
    const rows: Row[] = [];
    for (let n = 1; n <= 50_000; n++) {
      rows.push([n * 4, n * 4 + 1, commit(set(`k${n % 10}`, Math.max(0, n - 10), `${n}`)), as(n)]);
      rows.push([n * 4 + 2, n * 4 + 3, read(`k${n % 10}`), saw(slot(`k${n % 10}`, n, `${n}`))]);
    }
    expect(checkHistory(eventsOf(rows))).toEqual({ ok: true, commits: 50_000, reads: 50_000 });
  });
});
