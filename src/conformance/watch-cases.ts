// What a watch tells: all slots first, then each change in its order, and when it ends.

import type { ChangedSlot, SlotChanges, Store } from "../contract/index.ts";
import { type ConformanceCase, put, remove, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

type Watch = AsyncIterableIterator<SlotChanges>;

async function next(watch: Watch): Promise<SlotChanges> {
  const { done: ended, value } = await watch.next();
  if (ended) throw new Error("a watch ended that nobody had ended");
  return value;
}

/** A copy of the slots that is kept by a watch alone, up to a revision at least. */
class Copy {
  readonly slots = new Map<string, ChangedSlot>();
  readonly told: ChangedSlot[] = [];
  readonly #watch: Watch;
  #revision = -1;

  constructor(store: Store, scope = SCOPE) {
    this.#watch = store.watch(scope);
  }

  async upTo(revision: number): Promise<this> {
    while (this.#revision < revision) {
      const changes = await next(this.#watch);
      if (changes.all) this.slots.clear();
      let last = 0;
      const keys = new Set<string>();
      for (const slot of changes.slots) {
        ok(`revision ${slot.revision} was told after ${last}`, slot.revision >= last);
        ok(`${slot.key} was told twice at once`, !keys.has(slot.key));
        ok(`revision ${slot.revision} is not within ${changes.revision}`, slot.revision <= changes.revision);
        ok("a slot that is not there was among all", !changes.all || slot.value !== null);
        last = slot.revision;
        keys.add(slot.key);
        this.told.push(slot);
        if (slot.value === null) this.slots.delete(slot.key);
        else this.slots.set(slot.key, slot);
      }
      this.#revision = changes.revision;
    }
    return this;
  }
}

export const WATCH_CASES: readonly ConformanceCase[] = [
  {
    name: "a watch begins with all slots, in the order of their revisions",
    async run({ open }) {
      const store = await open();
      const first = done(await store.commit(SCOPE, [put("k/z", "Z"), put("k/gone", "G")]));
      const second = done(await store.commit(SCOPE, [put("k/a", "A"), remove("k/gone", first)]));
      same("the first look", await next(store.watch(SCOPE)), {
        all: true,
        slots: [
          { key: "k/z", revision: first, value: "Z" },
          { key: "k/a", revision: second, value: "A" },
        ],
        revision: second,
      });
      const empty = await next(store.watch("another scope"));
      same("the first look at nothing", { all: empty.all, slots: empty.slots }, { all: true, slots: [] });
    },
  },
  {
    name: "a watch tells what its own client and others change, make and remove",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const copy = await new Copy(one).upTo(0);
      const made = done(await one.commit(SCOPE, [put("k/a", "A"), put("k/b", "B")]));
      await copy.upTo(made);
      const changed = done(await two.commit(SCOPE, [put("k/a", "A2", made), put("k/c", "C")]));
      await copy.upTo(changed);
      const removed = done(await two.commit(SCOPE, [remove("k/b", made)]));
      await copy.upTo(removed);
      same("what was told", copy.told, [
        { key: "k/a", revision: made, value: "A" },
        { key: "k/b", revision: made, value: "B" },
        { key: "k/a", revision: changed, value: "A2" },
        { key: "k/c", revision: changed, value: "C" },
        { key: "k/b", revision: removed, value: null },
      ]);
    },
  },
  {
    name: "a watch tells what its own client does after the call as changes, however late it begins",
    async run({ open }) {
      const store = await open();
      const former = done(await store.commit(SCOPE, [put("k/old", "O"), put("k/gone", "G")]));
      const watch = store.watch(SCOPE);
      const beginning = watch.next();
      const made = done(await store.commit(SCOPE, [put("k/a", "A")]));
      const removed = done(await store.commit(SCOPE, [remove("k/gone", former)]));
      const { all, slots } = (await beginning).value as SlotChanges;
      ok("the first look was not at all", all);
      ok("what was made was told as if it had been there", !slots.some(({ key }) => key === "k/a"));
      const told: ChangedSlot[] = [];
      while (told.length < 2) told.push(...(await next(watch)).slots);
      same("what was told", told, [
        { key: "k/a", revision: made, value: "A" },
        { key: "k/gone", revision: removed, value: null },
      ]);
    },
  },
  {
    name: "a slot that changed more than once between two looks is told as it is then",
    async run({ open }) {
      const store = await open();
      const watch = store.watch(SCOPE);
      let revision = (await next(watch)).revision;
      for (let round = 0; round < 10; round++) {
        const before = (await store.read(SCOPE, ["k/a"])).get("k/a");
        revision = done(await store.commit(SCOPE, [put("k/a", `${round}`, before?.revision ?? 0)]));
      }
      const told = await next(watch);
      same("the look", told, { all: false, slots: [{ key: "k/a", revision, value: "9" }], revision });
    },
  },
  {
    name: "a watch tells nothing of other scopes, and none waits for another",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const [here, there] = [await new Copy(one).upTo(0), await new Copy(one, "another").upTo(0)];
      let other = 0;
      for (let round = 0; round < 5; round++) {
        other = done(await two.commit("another", [put(`k/${round}`, "v")]));
      }
      const last = done(await two.commit(SCOPE, [put("k/mine", "v")]));
      await here.upTo(last);
      same("here", [...here.slots.keys()], ["k/mine"]);
      await there.upTo(other);
      same("there", [...there.slots.keys()], ["k/0", "k/1", "k/2", "k/3", "k/4"]);
    },
  },
  {
    name: "a copy kept by a watch is what the store has, whatever was done meanwhile",
    async run({ open, wait }) {
      const [one, two, watcher] = [await open(), await open(), await open()];
      const copy = new Copy(watcher);
      const keeping = copy.upTo(1);
      let last = 0;
      for (let round = 0; round < 120; round++) {
        const store = round % 2 === 0 ? one : two;
        const key = `k/${(round * 7) % 11}`;
        const before = (await store.read(SCOPE, [key])).get(key);
        const change =
          before && round % 3 === 0 ? remove(key, before.revision) : put(key, `${round}`, before?.revision);
        last = done(await store.commit(SCOPE, [change]));
        if (round % 10 === 0) await wait(1);
      }
      await keeping;
      await copy.upTo(last);
      const slots = [...copy.slots.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
      same("the copy", slots, await one.list(SCOPE, "k/"));
    },
  },
  {
    name: "a watch ends when its caller leaves, also while it waits",
    async run({ open }) {
      const store = await open();
      const ended = { done: true, value: undefined };
      const watch = store.watch(SCOPE);
      await next(watch);
      const waiting = watch.next();
      same("return()", await watch.return!(), ended);
      same("what waited", await waiting, ended);
      same("what comes after", await watch.next(), ended);
      for await (const { all } of store.watch(SCOPE)) {
        ok("the first look was not at all", all);
        break;
      }
      const unused = store.watch(SCOPE);
      same("return() before the first look", await unused.return!(), ended);
      same("after it", await unused.next(), ended);
    },
  },
  {
    name: "an abort ends a watch with the signal's reason, also while it waits",
    async run({ open }) {
      const store = await open();
      const reason = { why: "enough" };
      const isReason = async (what: string, watch: Watch): Promise<void> => {
        ok(`${what}: another reason`, (await failure(what, () => watch.next())) === reason);
        same(`${what}, after it`, await watch.next(), { done: true, value: undefined });
      };
      await isReason("aborted before", store.watch(SCOPE, { signal: AbortSignal.abort(reason) }));
      const abort = new AbortController();
      const [waiting, between] = [1, 2].map(() => store.watch(SCOPE, { signal: abort.signal })) as [
        Watch,
        Watch,
      ];
      await next(waiting);
      await next(between);
      const waited = isReason("aborted while it waits", waiting);
      abort.abort(reason);
      await waited;
      await isReason("aborted between two looks", between);
    },
  },
  {
    name: "the store's closing ends its watches, and no others",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      const [waiting, between] = [one.watch(SCOPE), one.watch(SCOPE)];
      const other = await new Copy(two).upTo(0);
      await next(waiting);
      await next(between);
      const waited = waiting.next();
      await one.close();
      const ended = { done: true, value: undefined };
      same("the one that waited", await waited, ended);
      same("the one that did not", await between.next(), ended);
      await other.upTo(done(await two.commit(SCOPE, [put("k/a", "A")])));
      same("another client's", [...other.slots.keys()], ["k/a"]);
    },
  },
];
