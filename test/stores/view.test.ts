// What a store knows without asking its engine: what the engine's watch tells, and what it did itself since.

import { describe, expect, it } from "vitest";

import type { ChangedSlot, SlotChanges } from "../../src/contract/index.ts";
import { View } from "../../src/stores/common/index.ts";

const slot = (key: string, revision: number, value: string): ChangedSlot & { value: string } => ({
  key,
  revision,
  value,
});
const gone = (key: string, revision: number): ChangedSlot => ({ key, revision, value: null });
const all = (revision: number, ...slots: ChangedSlot[]): SlotChanges => ({ all: true, slots, revision });
const then = (revision: number, ...slots: ChangedSlot[]): SlotChanges => ({ all: false, slots, revision });

type Step = readonly ["told", SlotChanges] | readonly ["own commit", ...ChangedSlot[]];

const told = (changes: SlotChanges): Step => ["told", changes];

function viewAfter(steps: readonly Step[]): View {
  const view = new View();
  for (const step of steps) {
    if (step[0] === "told") view.follow(step[1]);
    else view.learn(step.slice(1) as ChangedSlot[]);
  }
  return view;
}

const knows: readonly (readonly [string, readonly Step[], readonly string[]])[] = [
  ["all slots that it was told first", [told(all(5, slot("a", 3, "A"), slot("b", 5, "B")))], ["a3A", "b5B"]],
  ["a change that it was told", [told(all(5, slot("a", 3, "A"))), told(then(6, slot("a", 6, "X")))], ["a6X"]],
  ["a removal that it was told", [told(all(5, slot("a", 3, "A"))), told(then(6, gone("a", 6)))], []],
  ["its own commit, at once", [told(all(5, slot("a", 3, "A"))), ["own commit", slot("a", 9, "X")]], ["a9X"]],
  [
    "its own commit, whatever older news come",
    [told(all(5)), ["own commit", slot("a", 9, "X")], told(then(7, slot("a", 7, "old")))],
    ["a9X"],
  ],
  [
    "its own removal, whatever older news come",
    [
      told(all(5, slot("a", 3, "A"))),
      ["own commit", gone("a", 9)],
      told(then(7, slot("a", 7, "old"))),
      told(then(8, slot("a", 8, "older"))),
    ],
    [],
  ],
  [
    "what came after its own removal",
    [told(all(5, slot("a", 3, "A"))), ["own commit", gone("a", 9)], told(then(12, slot("a", 12, "new")))],
    ["a12new"],
  ],
  [
    "nothing older than it was told",
    [told(all(9)), ["own commit", slot("a", 8, "X")], ["own commit", slot("b", 9, "B")]],
    [],
  ],
  [
    "of a new beginning what was told, and what is newer",
    [
      told(all(5, slot("a", 3, "A"), slot("b", 4, "B"))),
      ["own commit", slot("c", 6, "C"), slot("d", 6, "D")],
      ["own commit", slot("d", 9, "D2")],
      told(all(7, slot("b", 4, "B"))),
    ],
    ["b4B", "d9D2"],
  ],
  ["what it did before it was told anything", [["own commit", slot("a", 9, "X")], told(all(5))], ["a9X"]],
];

describe("a view knows", () => {
  it.each(knows)("%s", (_, steps, expected) => {
    const picked = viewAfter(steps).pick(["a", "b", "c", "d", "none"]);
    const shown = [...picked!.values()].map(({ key, revision, value }) => `${key}${revision}${value}`);
    expect(shown).toEqual(expected);
  });

  it("nothing before it was told anything, and says so", () => {
    expect(viewAfter([["own commit", slot("a", 9, "X")]]).pick(["a"])).toBeUndefined();
  });
});

async function next(looks: AsyncGenerator<SlotChanges, void>): Promise<SlotChanges | void> {
  return (await looks.next()).value;
}

describe("a watch by a view", () => {
  const background = true;
  const watching = (view: View, signal = new AbortController().signal): AsyncGenerator<SlotChanges, void> =>
    view.looks({ signal, background });

  it("tells all, then each changed slot once, in the order of revisions", async () => {
    const view = new View();
    const looks = watching(view);
    const first = next(looks);
    view.follow(all(5, slot("b", 5, "B"), slot("a", 3, "A")));
    expect(await first).toEqual(all(5, slot("a", 3, "A"), slot("b", 5, "B")));
    view.follow(then(6, slot("b", 6, "B2")));
    view.follow(then(7, gone("a", 7)));
    view.follow(then(8, slot("b", 8, "B3")));
    expect(await next(looks)).toEqual(then(8, gone("a", 7), slot("b", 8, "B3")));
  });

  it("tells what the store committed itself only with all that came before", async () => {
    const view = viewAfter([told(all(5))]);
    const looks = watching(view);
    expect(await next(looks)).toEqual(all(5));
    view.learn([slot("a", 8, "A")]);
    const second = next(looks);
    view.follow(then(7, slot("b", 7, "B")));
    view.follow(then(8, slot("a", 8, "A")));
    expect(await second).toEqual(then(8, slot("b", 7, "B"), slot("a", 8, "A")));
  });

  it("tells as changes what the store committed after it was asked for, though the engine tells it among all", async () => {
    const view = new View();
    const looks = watching(view);
    const first = next(looks);
    view.learn([slot("a", 4, "A")]);
    view.learn([slot("b", 5, "B"), gone("gone", 5)]);
    view.learn([slot("ahead", 9, "X")]);
    view.follow(all(7, slot("ahead", 1, "Y"), slot("a", 4, "A"), slot("b", 6, "other"), slot("c", 7, "C")));
    expect(await first).toEqual(all(7, slot("ahead", 1, "Y"), slot("c", 7, "C")));
    // With what it committed last, which the engine has not told yet.
    const second = next(looks);
    view.follow(then(9, slot("ahead", 9, "X")));
    expect(await second).toEqual(
      then(9, slot("a", 4, "A"), gone("gone", 5), slot("b", 6, "other"), slot("ahead", 9, "X")),
    );
  });

  it("tells so what the engine told among all before it had answered the commit, if nobody changed it since", async () => {
    const view = viewAfter([told(all(7, slot("a", 6, "A"), slot("b", 7, "other")))]);
    const looks = watching(view);
    await next(looks);
    view.learn([slot("a", 6, "A"), slot("b", 5, "B"), gone("c", 5)]);
    view.follow(then(8));
    expect(await next(looks)).toEqual(then(8, gone("c", 5), slot("a", 6, "A")));
  });

  it("tells all anew when the engine does", async () => {
    const view = viewAfter([told(all(5, slot("a", 3, "A")))]);
    const looks = watching(view);
    await next(looks);
    view.follow(then(6, slot("b", 6, "B")));
    view.follow(all(9, slot("c", 9, "C")));
    expect(await next(looks)).toEqual(all(9, slot("c", 9, "C")));
  });

  it("ends with the error of the engine, and with the signal's reason", async () => {
    const view = viewAfter([told(all(5))]);
    const ending = new AbortController();
    const [failing, aborted] = [watching(view), watching(view, ending.signal)];
    await Promise.all([next(failing), next(aborted)]);
    const [error, reason] = [new Error("away"), { why: "enough" }];
    const waits = next(aborted);
    ending.abort(reason);
    await expect(waits).rejects.toBe(reason);
    const fails = next(failing);
    view.fail(error);
    await expect(fails).rejects.toBe(error);
    await expect(next(watching(view))).rejects.toBe(error);
    expect(view.isWatched).toBe(false);
  });
});
