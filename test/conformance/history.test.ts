// What is recorded of an update: a read that ends with the answer, and a commit that starts when it is decided.

import { describe, expect, it } from "vitest";

import { checkHistory, type HistoryEvent, recordHistory } from "../../src/conformance/index.ts";
import type { SlotChange, Store } from "../../src/contract/index.ts";
import { memory } from "../../src/stores/memory/index.ts";

const set = (key: string, ifRevision: number, value: string): SlotChange => ({ key, ifRevision, value });
const A1 = { key: "k/a", revision: 1, value: "A" };
const DECIDED = [set("k/a", 1, "B")];
const token = { epoch: 1, revision: 2 };

interface Recorded {
  readonly store: Store;
  readonly events: HistoryEvent[];
}

/** A store with the slot k/a; `alter` gets in between what is recorded and what is done. */
async function recorded(alter: (store: Store) => Partial<Store> = () => ({})): Promise<Recorded> {
  const plain = await memory().open();
  await plain.commit("scope", [set("k/a", 0, "A")]);
  const events: HistoryEvent[] = [];
  const update: Store["update"] = (...call) => plain.update(...call);
  let tick = 0;
  const store = recordHistory(
    { ...plain, update, ...alter(plain) },
    {
      client: "c",
      now: () => tick++,
      write: (event) => events.push(event),
    },
  );
  return { store, events };
}

/** "start c/1", and what a call asked or answered. */
function shown(events: readonly HistoryEvent[]): unknown[] {
  return events.map((event) => {
    const rest = Object.entries(event).filter(([name]) => !["event", "call", "at"].includes(name));
    return [`${event.event} ${event.call}`, Object.fromEntries(rest)];
  });
}

const READ = ["start c/1", { op: "read", scope: "scope", keys: ["k/a"] }];
const COMMIT = ["start c/2", { op: "commit", scope: "scope", changes: DECIDED, decidedOn: [A1] }];

describe("of an update the history has", () => {
  it("the commit that was decided, on what, and what it answered", async () => {
    const { store, events } = await recorded();
    await store.update("scope", ["k/a"], () => DECIDED);
    expect(shown(events)).toEqual([
      READ,
      COMMIT,
      ["end c/1", { slots: [A1] }],
      ["end c/2", { commit: { committed: true, token } }],
    ]);
  });

  it("only the read when nothing was decided", async () => {
    const { store, events } = await recorded();
    expect(await store.update("scope", ["k/a"], () => [])).toBeUndefined();
    expect(shown(events)).toEqual([READ, ["end c/1", { slots: [A1] }]]);
  });

  it("the error of what decides", async () => {
    const { store, events } = await recorded();
    const calling = store.update("scope", ["k/a"], () => {
      throw new Error("enough");
    });
    await expect(calling).rejects.toThrow("enough");
    expect(shown(events)).toEqual([READ, ["end c/1", { error: "Error: enough" }]]);
  });

  it("a commit that may have been done, when the answer is lost", async () => {
    const { store, events } = await recorded((plain) => ({
      async update(...call) {
        await plain.update(...call);
        throw new Error("lost");
      },
    }));
    await expect(store.update("scope", ["k/a"], () => DECIDED)).rejects.toThrow("lost");
    expect(shown(events)).toEqual([
      READ,
      COMMIT,
      ["end c/1", { error: "Error: lost" }],
      ["end c/2", { error: "Error: lost" }],
    ]);
  });

  it("each commit that was decided, and what was seen last", async () => {
    const { store, events } = await recorded((plain) => ({
      async update(scope, keys, decide) {
        decide(new Map());
        return await plain.update(scope, keys, decide);
      },
    }));
    await store.update("scope", ["k/a"], (slots) => [set("k/a", slots.size, "B")]);
    expect(shown(events)).toEqual([
      READ,
      ["start c/2", { op: "commit", scope: "scope", changes: [set("k/a", 0, "B")], decidedOn: [] }],
      ["end c/2", { error: "it was decided anew" }],
      ["start c/3", { op: "commit", scope: "scope", changes: DECIDED, decidedOn: [A1] }],
      ["end c/1", { slots: [A1] }],
      ["end c/3", { commit: { committed: true, token } }],
    ]);
  });
});

describe("of a slot that expires the history has", () => {
  it("a commit, and a removal that can have been done at any time since", async () => {
    let now = 0;
    const clock = { elapsed: () => now, sleep: async () => await new Promise<void>(() => undefined) };
    const shared = memory({ expiring: { clock, ttl: { least: 1, step: 1 } } });
    const events: HistoryEvent[] = [];
    let tick = 0;
    const store = recordHistory(await shared.open(), {
      client: "c",
      now: () => tick++,
      write: (event) => events.push(event),
    });
    await store.expiring?.create("scope", "k/a", "A", 10);
    expect(await store.list("scope", "k/")).toEqual([A1]);
    now = 10;
    expect(await store.list("scope", "k/")).toEqual([]);
    expect(shown(events).slice(0, 3)).toEqual([
      ["start c/1", { op: "commit", scope: "scope", changes: [set("k/a", 0, "A")] }],
      ["end c/1", { commit: { committed: true, token: { epoch: 1, revision: 1 } } }],
      ["start c/2", { op: "commit", scope: "scope", changes: [{ key: "k/a", ifRevision: 1, value: null }] }],
    ]);
    expect(checkHistory(events)).toMatchObject({ ok: true });
  });
});
