// An update over an engine that is far away: how often it asks, and that a view that is behind does no harm.

import { describe, expect, it } from "vitest";

import type { Decide, Slot, SlotChange, Store } from "../../src/contract/index.ts";
import { systemChance } from "../../src/node/clock.ts";
import { type Condition, type UpdateCalls, updateByView, View } from "../../src/stores/common/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { leapingClock } from "./sqlite.ts";

const KEYS = ["a", "b"];
const put = (key: string, ifRevision: number, value: string): SlotChange => ({ key, ifRevision, value });
const revisionOf = (slots: ReadonlyMap<string, Slot>, key: string): number => slots.get(key)?.revision ?? 0;

interface Far {
  readonly store: Store;
  readonly view: View;
  /** What the engine was asked. */
  readonly asked: string[];
  readonly update: (decide: Decide) => ReturnType<typeof updateByView>;
}

/** An engine with the slots a = "A" of revision 1 and b = "B" of revision 2, and a view that has been told of them. */
async function far(
  meanwhile: (store: Store, tries: number) => Promise<unknown> = async () => {},
): Promise<Far> {
  const store = await memory().open();
  await store.commit("scope", [put("a", 0, "A")]);
  await store.commit("scope", [put("b", 0, "B")]);
  const view = new View();
  view.follow({ all: true, slots: await store.list("scope", "a"), revision: 2 });
  view.learn(await store.list("scope", "b"));
  view.follow({ all: true, slots: [...(await store.read("scope", KEYS)).values()], revision: 2 });
  const asked: string[] = [];
  let tries = 0;
  const calls: UpdateCalls = {
    async read(keys) {
      asked.push(`read ${keys.join(" ")}`);
      return await store.read("scope", keys);
    },
    async attempt(changes, conditions) {
      asked.push(`commit ${names(changes)}${conditions.length > 0 ? ` if ${names(conditions)}` : ""}`);
      await meanwhile(store, ++tries);
      const found = await store.read(
        "scope",
        [...changes, ...conditions].map(({ key }) => key),
      );
      const isMet = ({ key, revision }: Condition): boolean => revisionOf(found, key) === revision;
      if (!conditions.every(isMet)) return { committed: false, changed: [], found };
      const commit = await store.commit("scope", changes);
      return commit.committed ? commit : { ...commit, found };
    },
  };
  const update: Far["update"] = (decide) =>
    updateByView(view, calls, {
      scope: "scope",
      keys: KEYS,
      decide,
      clock: leapingClock(400),
      chance: systemChance,
    });
  return { store, view, asked, update };
}

const writeA: Decide = (slots) => [put("a", revisionOf(slots, "a"), `${slots.get("a")?.value}!`)];

const isNew = (slots: ReadonlyMap<string, Slot>): boolean => slots.get("a")?.value === "new";
const writeAnother: Decide = (slots) => [put("c", 7, "X"), ...writeA(slots)];

function names(of: readonly (SlotChange | Condition)[]): string {
  return of.map(({ key }) => key).join(" ");
}

describe("an update by a view", () => {
  it("asks the engine once when the view is right", async () => {
    const { update, asked, store } = await far();
    expect(await update(writeA)).toMatchObject({ committed: true, token: { revision: 3 } });
    expect(asked).toEqual(["commit a if b"]);
    expect((await store.read("scope", ["a"])).get("a")?.value).toBe("A!");
  });

  it.each([
    ["changes", writeA, [put("a", 1, "X")], "X!"],
    ["was seen and does not change", writeA, [put("b", 2, "X")], "A!"],
  ])(
    "decides anew on what the engine found when a slot was behind that %s",
    async (_, decide, news, value) => {
      const { update, asked, store } = await far();
      await store.commit("scope", news);
      expect(await update(decide)).toMatchObject({ committed: true, token: { revision: 4 } });
      expect(asked).toEqual(["commit a if b", "commit a if b"]);
      expect((await store.read("scope", ["a"])).get("a")?.value).toBe(value);
    },
  );

  it("says that there is nothing to do, or what is wrong, only on the word of the engine", async () => {
    const { update, asked, store } = await far();
    await store.commit("scope", [put("a", 1, "new")]);
    const whenNew: Decide = (slots) => (isNew(slots) ? [put("b", 2, "X")] : []);
    expect(await update(whenNew)).toMatchObject({ committed: true });
    expect(asked).toEqual(["read a b", "commit b if a"]);
    expect(await update(() => [])).toBeUndefined();
    const wrong = new Error("not new");
    const orThrow: Decide = (slots) => {
      if (!isNew(slots)) throw wrong;
      return [put("b", revisionOf(slots, "b"), "Y")];
    };
    expect(await update(orThrow)).toMatchObject({ committed: true });
    await store.commit("scope", [put("a", 3, "old")]);
    await expect(update(orThrow)).rejects.toBe(wrong);
  });

  it("is refused at once for a slot that it did not ask for, and names all that have changed", async () => {
    const { update } = await far();
    expect(await update(writeAnother)).toEqual({ committed: false, changed: ["c"] });
    expect(await update(() => [put("a", 7, "X"), put("b", 7, "X")])).toEqual({
      committed: false,
      changed: ["a", "b"],
    });
  });

  it("is not refused for a condition that a view that was behind let it make", async () => {
    const { update, store } = await far();
    await store.commit("scope", [put("c", 0, "C"), put("a", 1, "c3")]);
    // The slot a says which revision c has.
    const other: Decide = (slots) => [put("c", Number(slots.get("a")?.value.slice(1)), "X")];
    expect(await update(other)).toMatchObject({ committed: true });
  });

  it("gives up when others come in between all the time", async () => {
    const { update } = await far((store, tries) =>
      store.commit("scope", [put("a", tries === 1 ? 1 : tries + 1, "X")]),
    );
    await expect(update(writeA)).rejects.toMatchObject({ code: "STORE_BUSY" });
  });

  it("reads first when there is no view", async () => {
    const { store } = await far();
    const calls: UpdateCalls = {
      read: (keys) => store.read("scope", keys),
      attempt: async (changes) => (await store.commit("scope", changes)) as { committed: true; token: never },
    };
    const options = {
      scope: "scope",
      keys: KEYS,
      decide: writeA,
      clock: leapingClock(1),
      chance: systemChance,
    };
    expect(await updateByView(undefined, calls, options)).toMatchObject({ committed: true });
    expect(await updateByView(new View(), calls, options)).toMatchObject({ committed: true });
  });
});
