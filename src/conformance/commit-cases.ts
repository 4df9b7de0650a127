// What a commit does, and what it says.

import { type ConformanceCase, NEVER, put, remove, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

export const COMMIT_CASES: readonly ConformanceCase[] = [
  {
    name: "a commit adds, replaces and removes slots, and gives all of them its revision",
    async run({ open }) {
      const store = await open();
      const first = done(await store.commit(SCOPE, [put("k/a", "A"), put("k/b", "B")]));
      same("after adding", await store.list(SCOPE, "k/"), [
        { key: "k/a", revision: first, value: "A" },
        { key: "k/b", revision: first, value: "B" },
      ]);
      const changes = [remove("k/a", first), put("k/b", "B2", first), put("k/c", "C")];
      const second = done(await store.commit(SCOPE, changes));
      same("after all three", await store.list(SCOPE, "k/"), [
        { key: "k/b", revision: second, value: "B2" },
        { key: "k/c", revision: second, value: "C" },
      ]);
    },
  },
  {
    name: "a token has the epoch of the store and the revision of the slots, and the first revision is at least 1",
    async run({ open }) {
      const store = await open();
      const commit = await store.commit(SCOPE, [put("k/a", "A")]);
      const slot = (await store.read(SCOPE, ["k/a"])).get("k/a");
      const expected = { committed: true, token: { epoch: store.epoch, revision: slot?.revision } };
      same("the commit", commit, expected);
      ok("a revision below 1", done(commit) >= 1);
    },
  },
  {
    name: "a commit whose condition fails changes nothing and names the slots that have changed",
    async run({ open }) {
      const store = await open();
      const first = done(await store.commit(SCOPE, [put("k/a", "A"), put("k/b", "B")]));
      const before = await store.list(SCOPE, "k/");
      const refused = { committed: false, changed: ["k/a"] };
      const alone = [put("k/a", "X"), put("k/a", "X", NEVER), remove("k/a", NEVER)];
      for (const change of alone) same("alone", await store.commit(SCOPE, [change]), refused);
      const among = [put("k/c", "C"), put("k/a", "X"), put("k/b", "B2", first)];
      same("among others", await store.commit(SCOPE, among), refused);
      const gone = await store.commit(SCOPE, [put("k/none", "X", first), remove("k/none2", first)]);
      same("not there", gone, { committed: false, changed: ["k/none", "k/none2"] });
      same("after them", await store.list(SCOPE, "k/"), before);
    },
  },
  {
    name: "a slot that was removed is not there: it is read as none and made on the condition of none",
    async run({ open }) {
      const store = await open();
      const made = done(await store.commit(SCOPE, [put("k/a", "A")]));
      const removed = done(await store.commit(SCOPE, [remove("k/a", made)]));
      same("read", await store.read(SCOPE, ["k/a"]), new Map());
      same("listed", await store.list(SCOPE, "k/"), []);
      for (const revision of [made, removed]) {
        const commit = await store.commit(SCOPE, [put("k/a", "X", revision)]);
        same("on an old revision", commit, { committed: false, changed: ["k/a"] });
      }
      const again = done(await store.commit(SCOPE, [put("k/a", "A2")]));
      ok("it was made again with an old revision", again > removed);
      same("after it", await store.list(SCOPE, "k/"), [{ key: "k/a", revision: again, value: "A2" }]);
    },
  },
  {
    name: "revisions only grow, over clients, scopes, removals and refused commits",
    async run({ open }) {
      const stores = [await open(), await open()];
      let last = 0;
      for (let round = 0; round < 20; round++) {
        const [store, scope] = [stores[round % 2]!, `scope ${round % 3}`];
        const made = done(await store.commit(scope, [put("k/a", `${round}`)]));
        await store.commit(scope, [put("k/a", "refused")]);
        const removed = done(await store.commit(scope, [remove("k/a", made)]));
        ok(`revision ${made} came after ${last}`, made > last);
        ok(`revision ${removed} came after ${made}`, removed > made);
        last = removed;
      }
    },
  },
  {
    name: "scopes have nothing to do with one another",
    async run({ open }) {
      const store = await open();
      const scopes = ["one", "two", "one/k", "", "Ω 'x'"];
      for (const scope of scopes) done(await store.commit(scope, [put("k/a", scope)]));
      for (const scope of scopes) {
        same(
          `scope ${scope}`,
          (await store.list(scope, "k/")).map(({ value }) => value),
          [scope],
        );
      }
      same("another one", await store.list("on", "k/"), []);
    },
  },
  {
    name: "a commit is seen by every client as soon as it is told, durable or not",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      let revision = 0;
      for (const durable of [false, true, undefined, true]) {
        const change = put("k/a", `${durable} ${revision}`, revision);
        revision = done(await one.commit(SCOPE, [change], { durable }));
        const slot = (await two.read(SCOPE, ["k/a"])).get("k/a");
        same("the other one sees", slot, { key: "k/a", revision, value: change.value });
      }
    },
  },
  {
    name: "an epoch that was raised is that of clients opened since, and no epoch falls",
    async run({ open }) {
      const one = await open();
      const first = await one.commit(SCOPE, [put("k/a", "A")]);
      const { epoch } = one;
      await one.raiseEpoch(epoch + 5);
      await one.raiseEpoch(epoch + 2);
      const two = await open();
      same("its epoch", two.epoch, epoch + 5);
      const second = await two.commit(SCOPE, [put("k/b", "B")]);
      same("the token's", second.committed && second.token.epoch, epoch + 5);
      same(
        "the slots",
        (await two.list(SCOPE, "k/")).map(({ value }) => value),
        ["A", "B"],
      );
      ok("a revision fell", done(second) > done(first));
    },
  },
  {
    name: "a commit takes as many changes as the limits say, and one more is a mistake that changes nothing",
    async run({ open }) {
      const store = await open();
      const { changes: most } = store.limits;
      ok("limits.changes is no whole number from 1", Number.isInteger(most) && most >= 1);
      // An engine without a limit worth the name is not filled up.
      if (most > 20_000) return;
      const changes = Array.from({ length: most + 1 }, (_, index) => put(`k/${index}`, "v"));
      const error = await failure("one too many", () => store.commit(SCOPE, changes));
      ok(`one too many: expected a RangeError, received ${String(error)}`, error instanceof RangeError);
      same("after it", await store.list(SCOPE, "k/"), []);
      done(await store.commit(SCOPE, changes.slice(1)));
      same("as many", (await store.list(SCOPE, "k/")).length, most);
    },
  },
  {
    name: "two changes of one slot in a commit are a mistake that changes nothing",
    async run({ open }) {
      const store = await open();
      const twice = [put("k/a", "A"), put("k/b", "B"), put("k/a", "A2")];
      const error = await failure("two changes", () => store.commit(SCOPE, twice));
      ok(`two changes: expected a TypeError, received ${String(error)}`, error instanceof TypeError);
      same("after it", await store.list(SCOPE, "k/"), []);
    },
  },
];
