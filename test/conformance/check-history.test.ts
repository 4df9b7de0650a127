// The checker alone: which histories it takes for those of one store, calls without an answer included.

import { describe, expect, it } from "vitest";

import {
  checkHistory,
  type HistoryAnswer,
  type HistoryCall,
  type HistoryEvent,
} from "../../src/conformance/index.ts";
import type { Slot, SlotChange, Store } from "../../src/contract/index.ts";
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
const update = (decidedOn: readonly Slot[], ...changes: SlotChange[]): HistoryCall => ({
  op: "commit",
  scope,
  changes,
  decidedOn,
});
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
/** Updates that share a transaction with LOST_WRITE, in this order: each sees what was written before it. */
const B2 = slot("k1", 2, "B");
const C2 = slot("k2", 2, "C");
const LOST_UPDATE: Row = [3.1, 0, update([B2], set("k1", 2, "D")), "none"];
const LOST_UPDATE_OF_BOTH: Row = [3.1, 0, update([B2, C2], set("k1", 2, "D"), set("k2", 2, "E")), "none"];
const LOST_UPDATE_AFTER: Row = [3.2, 0, update([slot("k1", 3, "D")], set("k1", 3, "F")), "none"];
const LOST_REMOVAL_OF_BOTH: Row = [3.1, 0, update([B2, C2], set("k1", 2, null), set("k2", 2, null)), "none"];
const LOST_REMOVAL_AFTER: Row = [3.2, 0, update([slot("k1", 3, "D")], set("k1", 3, null)), "none"];

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
    "lost updates of one transaction, of which only the last is seen",
    [A1, LOST_WRITE, LOST_UPDATE_OF_BOTH, [5, 6, list, saw(slot("k1", 3, "D"), slot("k2", 3, "E"))]],
  ],
  [
    "three of them, each on the one before",
    [A1, LOST_WRITE, LOST_UPDATE, LOST_UPDATE_AFTER, [5, 6, list, saw(slot("k1", 4, "F"), C2)]],
  ],
  [
    "lost updates of one transaction, of which the last is only built on",
    [A1, LOST_WRITE, LOST_UPDATE_OF_BOTH, [5, 6, commit(set("k1", 3, "G")), as(4)]],
  ],
  [
    "lost updates of a transaction that was not done",
    [A1, LOST_WRITE, LOST_UPDATE, LOST_UPDATE_AFTER, [5, 6, list, saw(slot("k1", 1, "A"))]],
  ],
  [
    "lost updates of a transaction that was not done, whose revision another one got",
    [A1, LOST_WRITE, LOST_UPDATE, [5, 6, commit(set("k1", 1, "G")), as(2)]],
  ],
  ["a lost write that a lost update took away", [A1, LOST_WRITE, LOST_REMOVAL_OF_BOTH, [5, 6, list, saw()]]],
  [
    "a lost write that a lost update took away, and a commit that builds on that",
    [A1, LOST_WRITE, LOST_REMOVAL_OF_BOTH, [5, 6, commit(set("k1", 0, "G")), as(4)]],
  ],
  [
    "two lost writes that a lost update took away",
    [A1, LOST_WRITE, LOST_UPDATE, LOST_REMOVAL_AFTER, [5, 6, list, saw(C2)]],
  ],
  [
    "a lost write and its removal that were not done",
    [A1, LOST_WRITE, LOST_REMOVAL_OF_BOTH, [5, 6, list, saw(slot("k1", 1, "A"))]],
  ],
  [
    "a lost removal of what another lost write would have written, too",
    [
      A1,
      [1, 0, commit(set("k1", 0, "A")), "none"],
      [3, 0, update([slot("k1", 1, "A")], set("k1", 1, null)), "none"],
      [5, 6, list, saw()],
    ],
  ],
  [
    "a lost write, its removal, and another lost write that is seen",
    [
      A1,
      LOST_WRITE,
      LOST_REMOVAL_OF_BOTH,
      [3.2, 0, update([], set("k1", 0, "G")), "none"],
      [5, 6, list, saw(slot("k1", 4, "G"))],
    ],
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
  [
    "a lost update on what nobody wrote",
    [A1, LOST_UPDATE, [5, 6, list, saw(slot("k1", 3, "D"))]],
    /revision 2, which no commit wrote/u,
  ],
  [
    "a lost update that is seen, and not the whole of what it was decided on",
    [A1, LOST_WRITE, LOST_UPDATE, [5, 6, list, saw(slot("k1", 3, "D"))]],
    /never true together/u,
  ],
  [
    "a lost update that is seen, on what was not there any more",
    [
      A1,
      LOST_WRITE,
      LOST_UPDATE,
      [5, 6, list, saw(B2, C2)],
      [7, 8, commit(set("k1", 2, "G")), as(2.5)],
      [9, 10, list, saw(slot("k1", 3, "D"), C2)],
    ],
    /on the condition of slot k1 that it has revision 2, and it had revision 2.5/u,
  ],
  [
    "a slot that comes back after a lost write and its lost removal",
    [A1, LOST_WRITE, LOST_REMOVAL_OF_BOTH, [5, 6, list, saw()], [7, 8, list, saw(slot("k1", 1, "A"))]],
    /k1 was back after it had been seen gone/u,
  ],
  [
    "a slot that was taken away by nobody but a later update",
    [
      A1,
      LOST_WRITE,
      [3.1, 0, update([slot("k1", 7, "B")], set("k1", 7, null)), "none"],
      [5, 6, commit(set("k1", 0, "G")), as(4)],
    ],
    /on the condition of slot k1 that there is none, and it had revision 1/u,
  ],
  [
    "a slot that was taken away by nobody but an update of what another one made later",
    [
      A1,
      [4, 5, commit(set("k1", 0, "G")), as(4)],
      [6, 7, commit(set("k1", 4, "H")), as(7)],
      [3.1, 0, update([slot("k1", 7, "H")], set("k1", 7, null)), "none"],
    ],
    /on the condition of slot k1 that there is none, and it had revision 1/u,
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

/**
 * Clients at random on a right store, some of whose answers are lost, whether the commit was done or not. Some lose those of a
 * whole transaction of updates.
 */
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
  let written = 0;
  const someKeys = (): string[] => ["k0", "k1", "k2", "k3"].filter(() => random() < 0.5);
  const decide = (keys: readonly string[], slots: ReadonlyMap<string, Slot>): SlotChange[] =>
    keys.map((key) => {
      const ifRevision = slots.get(key)?.revision ?? 0;
      return set(key, ifRevision, ifRevision > 0 && random() < 0.4 ? null : `${++written}`);
    });
  const loseUpdates = async (store: Store): Promise<void> => {
    const slots = new Map((await store.list(scope, "k")).map((found) => [found.key, found]));
    let revision = Math.max(0, ...[...slots.values()].map((found) => found.revision));
    const isDone = random() < 0.5;
    for (let n = 0; n < 3; n++) {
      const changes = decide(someKeys(), slots);
      const asked = update([...slots.values()], ...changes);
      events.push({ event: "start", call: `${++calls}`, at: tick++, ...asked });
      const answer = isDone ? await store.commit(scope, changes) : undefined;
      if (answer?.committed === false) return;
      revision = answer?.token.revision ?? revision + 1;
      for (const { key, value } of changes) {
        if (value === null) slots.delete(key);
        else slots.set(key, slot(key, revision, value));
      }
    }
  };
  const work = async (): Promise<void> => {
    const store = await shared.open();
    for (let round = 0; round < 30; round++) {
      if (random() < 0.1) await loseUpdates(store);
      const keys = someKeys();
      const slots = await record(
        { op: "read", scope, keys },
        () => store.read(scope, keys),
        (found) => ({ slots: [...found.values()] }),
      );
      const changes = decide(keys, slots);
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
  await Promise.all([work(), work(), work(), work()]);
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
