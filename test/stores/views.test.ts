// Which scopes a store keeps views of, and for how long.

import { expect, it } from "vitest";

import type { AbortSignalLike, SlotChanges } from "../../src/contract/index.ts";
import { Views } from "../../src/stores/common/index.ts";

const SOME: SlotChanges = { all: true, slots: [{ key: "a", revision: 1, value: "A" }], revision: 1 };

/** Feeds that tell one slot and wait. */
function feeds(): {
  readonly views: Views;
  readonly begun: string[];
  readonly ended: string[];
  fail: ((error: Error) => void) | undefined;
} {
  const [begun, ended]: [string[], string[]] = [[], []];
  const made = {
    views: new Views(feed),
    begun,
    ended,
    fail: undefined as ((error: Error) => void) | undefined,
  };
  async function* feed(scope: string, signal: AbortSignalLike): AsyncGenerator<SlotChanges, void> {
    begun.push(scope);
    try {
      yield SOME;
      await new Promise<void>((resolve, reject) => {
        made.fail = reject;
        if (signal.aborted) resolve();
        signal.addEventListener("abort", resolve);
      });
    } finally {
      ended.push(scope);
    }
  }
  return made;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it("a view begins with the second update of its scope", async () => {
  const { views, begun } = feeds();
  views.ask("one");
  views.ask("two");
  await turn();
  expect(begun).toEqual([]);
  expect(views.ask("one").pick(["a"])).toBeUndefined();
  await turn();
  expect(begun).toEqual(["one"]);
  expect([...views.ask("one").pick(["a"])!.keys()]).toEqual(["a"]);
  expect(begun).toEqual(["one"]);
});

it("a watch begins the view, which updates of the scope have too", async () => {
  const { views, begun } = feeds();
  const looks = views.looks("one", { signal: new AbortController().signal, background: true });
  expect((await looks.next()).value).toEqual(SOME);
  expect([...views.ask("one").pick(["a"])!.keys()]).toEqual(["a"]);
  expect(begun).toEqual(["one"]);
  await looks.return();
});

it("of many scopes those that nobody asked for longest have a view no more, unless somebody watches them", async () => {
  const { views, ended } = feeds();
  const watch = views.looks("watched", { signal: new AbortController().signal, background: true });
  await watch.next();
  for (let scope = 0; scope < 70; scope++) {
    views.ask(`${scope}`);
    views.ask(`${scope}`);
  }
  await turn();
  expect(ended).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  expect(views.find("0")).toBeUndefined();
  expect(views.find("7")).toBeDefined();
  await watch.return();
});

it("a view whose engine failed is forgotten, and the next one begins anew", async () => {
  const made = feeds();
  const { views, begun } = made;
  const looks = views.looks("one", { signal: new AbortController().signal, background: true });
  await looks.next();
  const waiting = looks.next();
  made.fail!(new Error("away"));
  await expect(waiting).rejects.toThrow("away");
  await turn();
  expect(views.find("one")).toBeUndefined();
  views.ask("one");
  views.ask("one");
  await turn();
  expect(begun).toEqual(["one", "one"]);
});

it("the end of all waits for the feeds to end", async () => {
  const { views, begun, ended } = feeds();
  for (const scope of ["one", "one", "two", "two", "three"]) views.ask(scope);
  await turn();
  await views.end();
  expect(begun).toEqual(["one", "two"]);
  expect(ended).toEqual(["one", "two"]);
});
