// What an update sees, what it does with what was decided, and whom it concerns.

import type { Decide, Slot, Store } from "../contract/index.ts";
import { type ConformanceCase, NEVER, put, remove, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

/** The revision of an update that must have been done; `decide` is told nothing but the slots. */
async function updated(store: Store, keys: readonly string[], decide: Decide): Promise<number> {
  const commit = await store.update(SCOPE, keys, decide);
  if (!commit) throw new Error("an update that had decided something answered that it had not");
  same("the epoch of an update", commit.committed && commit.token.epoch, store.epoch);
  return done(commit);
}

/** Adds a text to what the slot k/a has. */
function append(text: string): Decide {
  return (slots) => {
    const before = slots.get("k/a");
    return [put("k/a", `${before?.value ?? ""}${text}`, before?.revision ?? 0)];
  };
}

export const UPDATE_CASES: readonly ConformanceCase[] = [
  {
    name: "an update sees the newest of the slots it asks for, and commits all that it decides with one revision",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const first = done(await one.commit(SCOPE, [put("k/a", "A"), put("k/b", "B"), put("k/z", "Z")]));
      const newest = done(await one.commit(SCOPE, [put("k/a", "A2", first)]));
      let saw: readonly Slot[] = [];
      const revision = await updated(two, ["k/a", "k/b", "k/none"], (slots) => {
        saw = [...slots.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
        return [put("k/a", "A3", newest), remove("k/b", first), put("k/none", "N")];
      });
      same("what it saw", saw, [
        { key: "k/a", revision: newest, value: "A2" },
        { key: "k/b", revision: first, value: "B" },
      ]);
      ok(`revision ${revision} came after ${newest}`, revision > newest);
      for (const store of [one, two]) {
        same("after it", await store.list(SCOPE, "k/"), [
          { key: "k/a", revision, value: "A3" },
          { key: "k/none", revision, value: "N" },
          { key: "k/z", revision: first, value: "Z" },
        ]);
      }
    },
  },
  {
    name: "updates of one slot that are outstanding together each see what the one before decided",
    async run({ open }) {
      const store = await open();
      const revisions = await Promise.all(
        ["a", "b", "c"].map((text) => updated(store, ["k/a"], append(text))),
      );
      const slot = (await store.read(SCOPE, ["k/a"])).get("k/a");
      same("each of them once", slot?.value.split("").toSorted(), ["a", "b", "c"]);
      same("the revisions told", new Set(revisions).size, 3);
      same("the last one", slot?.revision, Math.max(...revisions));
    },
  },
  {
    name: "an update that decides nothing changes nothing and says so",
    async run({ open }) {
      const store = await open();
      done(await store.commit(SCOPE, [put("k/a", "A")]));
      const before = await store.list(SCOPE, "k/");
      for (const keys of [["k/a"], ["k/none"], []]) {
        same(`of ${keys.length} slots`, await store.update(SCOPE, keys, () => []), undefined);
      }
      same("after them", await store.list(SCOPE, "k/"), before);
    },
  },
  {
    name: "an error of what decides reaches who asked as it is, and concerns no other call",
    async run({ open }) {
      const store = await open();
      const reason = { why: "no reason" };
      const [one, thrown, two, read] = await Promise.allSettled([
        store.commit(SCOPE, [put("k/1", "v")]),
        store.update(SCOPE, ["k/2"], () => {
          throw reason;
        }),
        store.update(SCOPE, ["k/3"], () => [put("k/3", "v")]),
        store.read(SCOPE, ["k/2"]),
      ]);
      ok("another error", thrown.status === "rejected" && thrown.reason === reason);
      for (const call of [one, two]) {
        ok("a call failed for another one's error", call.status === "fulfilled" && call.value !== undefined);
        if (call.status === "fulfilled") done(call.value!);
      }
      same("what was read", read.status === "fulfilled" && read.value, new Map());
      const alone = await failure("alone", () =>
        store.update(SCOPE, ["k/2"], () => {
          throw reason;
        }),
      );
      ok("another error, alone", alone === reason);
      same(
        "after them",
        (await store.list(SCOPE, "k/")).map(({ key }) => key),
        ["k/1", "k/3"],
      );
    },
  },
  {
    name: "an update is refused for a slot it did not ask for and for a condition that is not what it saw, and names them",
    async run({ open }) {
      const store = await open();
      const first = done(await store.commit(SCOPE, [put("k/a", "A"), put("k/b", "B")]));
      const before = await store.list(SCOPE, "k/");
      const refusals: readonly (readonly [string, Decide, readonly string[]])[] = [
        ["another slot that is there", () => [put("k/a", "X", first), put("k/b", "X")], ["k/b"]],
        ["another slot that is not", () => [put("k/none", "X", first), put("k/a", "X", first)], ["k/none"]],
        ["another condition", () => [put("k/a", "X")], ["k/a"]],
        ["both", () => [remove("k/a", NEVER), put("k/b", "X", NEVER)], ["k/a", "k/b"]],
      ];
      for (const [what, decide, changed] of refusals) {
        same(what, await store.update(SCOPE, ["k/a"], decide), { committed: false, changed });
        same(`after ${what}`, await store.list(SCOPE, "k/"), before);
      }
      const revision = await updated(store, [], () => [put("k/b", "B2", first)]);
      same("a condition that is true", (await store.read(SCOPE, ["k/b"])).get("k/b"), {
        key: "k/b",
        revision,
        value: "B2",
      });
    },
  },
  {
    name: "an update that decides two changes of one slot, or more than the limit, is a mistake that changes nothing",
    async run({ open }) {
      const store = await open();
      const { changes: most } = store.limits;
      const mistakes: [string, readonly ReturnType<typeof put>[], new (message: string) => Error][] = [
        ["two changes", [put("k/a", "A"), put("k/b", "B"), put("k/a", "A2")], TypeError],
        ["a NUL", [put("k/a", "A\0B")], RangeError],
      ];
      // As with commits.
      if (most <= 20_000) {
        const tooMany = Array.from({ length: most + 1 }, (_, index) => put(`k/${index}`, "v"));
        mistakes.push(["one too many", tooMany, RangeError]);
      }
      for (const [what, changes, kind] of mistakes) {
        const error = await failure(what, () => store.update(SCOPE, [], () => changes));
        ok(`${what}: expected a ${kind.name}, received ${String(error)}`, error instanceof kind);
      }
      same("after them", await store.list(SCOPE, "k/"), []);
    },
  },
  {
    name: "a watch tells what an update changed",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const watch = one.watch(SCOPE);
      await watch.next();
      const revision = await updated(two, ["k/a"], () => [put("k/a", "A")]);
      const { value } = await watch.next();
      same("the look", value, { all: false, slots: [{ key: "k/a", revision, value: "A" }], revision });
    },
  },
];
