// Commits that change slots of several scopes at once.

import type { SlotChange } from "../contract/index.ts";
import { type ConformanceCase, NEVER, put, remove, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

const OTHER = "other scope";

/** A change in another scope than that of the call. */
function elsewhere(change: SlotChange, scope = OTHER): SlotChange {
  return { ...change, scope };
}

export const SCOPE_CASES: readonly ConformanceCase[] = [
  {
    name: "a commit changes slots of several scopes with one revision, the same key in each of them too",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const made = done(
        await one.commit(SCOPE, [
          put("k/a", "A"),
          elsewhere(put("k/a", "B")),
          elsewhere(put("k/c", "C"), "third"),
        ]),
      );
      const replacing = [elsewhere(put("k/a", "A2", made), SCOPE), elsewhere(remove("k/a", made))];
      const changed = done(await two.commit("third", [...replacing, put("k/c", "C2", made)]));
      for (const store of [one, two]) {
        same("here", await store.list(SCOPE, "k/"), [{ key: "k/a", revision: changed, value: "A2" }]);
        same("there", await store.list(OTHER, "k/"), []);
        same("in the third", await store.list("third", "k/"), [
          { key: "k/c", revision: changed, value: "C2" },
        ]);
      }
    },
  },
  {
    name: "a commit whose condition fails in another scope changes nothing in any, and names the slot",
    async run({ open }) {
      const store = await open();
      const made = done(await store.commit(SCOPE, [put("k/a", "A"), elsewhere(put("k/b", "B"))]));
      const refusals: readonly (readonly SlotChange[])[] = [
        [put("k/a", "X", made), elsewhere(put("k/b", "X"))],
        [put("k/a", "X", made), elsewhere(remove("k/b", NEVER))],
        // It is there in another scope than the condition says.
        [elsewhere(put("k/new", "X")), put("k/b", "X", made)],
      ];
      for (const changes of refusals) {
        same("refused", await store.commit(SCOPE, changes), { committed: false, changed: ["k/b"] });
        same("here", await store.list(SCOPE, "k/"), [{ key: "k/a", revision: made, value: "A" }]);
        same("there", await store.list(OTHER, "k/"), [{ key: "k/b", revision: made, value: "B" }]);
      }
    },
  },
  {
    name: "an update commits what it decides for other scopes, on the conditions that it names",
    async run({ open }) {
      const store = await open();
      const made = done(await store.commit(SCOPE, [put("k/a", "A"), elsewhere(put("k/a", "B"))]));
      const both = [put("k/a", "A2", made), elsewhere(put("k/a", "B2", made))];
      const commit = await store.update(SCOPE, ["k/a"], () => both);
      const revision = commit ? done(commit) : 0;
      same("there", (await store.read(OTHER, ["k/a"])).get("k/a"), { key: "k/a", revision, value: "B2" });
      // What was read of a key says nothing of the same key in another scope.
      const refused = await store.update(SCOPE, ["k/a", "k/b"], (slots) => [
        put("k/b", "X", slots.get("k/b")?.revision),
        elsewhere(put("k/a", "X", made)),
      ]);
      same("on an old revision", refused, { committed: false, changed: ["k/a"] });
      same("after it", await store.list(SCOPE, "k/"), [{ key: "k/a", revision, value: "A2" }]);
    },
  },
  {
    name: "a watch tells what a commit changed in its own scope, whatever scope the call was for",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const [here, there] = [one.watch(SCOPE), one.watch(OTHER)];
      await here.next();
      await there.next();
      const changes = [elsewhere(put("k/a", "A"), SCOPE), elsewhere(put("k/b", "B"))];
      const revision = done(await two.commit("third", changes));
      for (const [watch, key, value] of [
        [here, "k/a", "A"],
        [there, "k/b", "B"],
      ] as const) {
        const look = (await watch.next()).value;
        same(key, look, { all: false, slots: [{ key, revision, value }], revision });
      }
    },
  },
  {
    name: "two changes of one slot are a mistake, also where only one of them names its scope",
    async run({ open }) {
      const store = await open();
      const mistakes = [
        [put("k/a", "A"), elsewhere(put("k/a", "A2"), SCOPE)],
        [elsewhere(put("k/a", "A")), elsewhere(put("k/a", "A2"))],
      ];
      for (const changes of mistakes) {
        const error = await failure("two changes", () => store.commit(SCOPE, changes));
        ok(`two changes: expected a TypeError, received ${String(error)}`, error instanceof TypeError);
      }
      const error = await failure("a NUL", () => store.commit(SCOPE, [elsewhere(put("k/a", "A"), "a\0b")]));
      ok(`a NUL: expected a RangeError, received ${String(error)}`, error instanceof RangeError);
      for (const scope of [SCOPE, OTHER]) same(`after them, ${scope}`, await store.list(scope, "k/"), []);
    },
  },
];
