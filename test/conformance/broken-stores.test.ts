// A store that breaks its word is found out: by the suite, and by the checker alone.

import { setTimeout as pause } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import {
  checkHistory,
  conformanceCases,
  type HistoryEvent,
  type HistoryVerdict,
  recordHistory,
} from "../../src/conformance/index.ts";
import type { Decide } from "../../src/contract/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import {
  lostCommit,
  lostUpdate,
  needlessRefusal,
  type Opening,
  reusedRevision,
  staleRead,
  tornCommit,
  updateInTwoSteps,
} from "./broken-stores.ts";

const broken: readonly (readonly [string, () => Opening, RegExp])[] = [
  ["does not look at conditions", lostUpdate, /on the condition of slot/u],
  ["updates in two steps", updateInTwoSteps, /on the condition of slot/u],
  [
    "commits in two pieces",
    tornCommit,
    /no commit wrote|did not write it|on the condition|never true together/u,
  ],
  ["answers from what it knew", staleRead, /never true together/u],
  ["gives a revision twice", reusedRevision, /was given twice/u],
  ["forgets what it told", lostCommit, /never true together|on the condition/u],
  ["refuses without a reason", needlessRefusal, /refused for slots that had not changed/u],
];

function sound(): Opening {
  const shared = memory();
  return () => shared.open();
}

/** What the suite has to say against a store: the names of the cases that fail. */
async function complaints(opening: () => Opening): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run, needs } of conformanceCases) {
    if (needs !== undefined) continue;
    const open = opening();
    const patience = new AbortController();
    const tooLong = pause(2000, undefined, { signal: patience.signal }).then(() => {
      throw new Error("it does not end");
    });
    try {
      await Promise.race([run({ open, wait: async (ms) => await pause(ms) }), tooLong]);
    } catch {
      names.push(name);
    } finally {
      patience.abort();
      await tooLong.catch(() => {});
    }
  }
  return names;
}

/** Four clients change slots that they share, in an order that is always the same. */
async function verdictOn(open: Opening): Promise<HistoryVerdict> {
  const events: HistoryEvent[] = [];
  let tick = 0;
  const write = (event: HistoryEvent): void => void events.push(event);
  const work = async (client: number): Promise<void> => {
    const store = recordHistory(await open(), { client: `${client}`, now: () => tick++, write });
    let written = 0;
    for (let round = 0; round < 40; round++) {
      const keys = [`k/${(round + client) % 3}`, `k/${3 + (round % 2)}`];
      const decide: Decide = (slots) =>
        keys.map((key) => {
          const ifRevision = slots.get(key)?.revision ?? 0;
          return {
            key,
            ifRevision,
            value: ifRevision > 0 && round % 5 === 0 ? null : `${client}.${++written}`,
          };
        });
      await store.commit("scope", decide(await store.read("scope", keys)));
      await store.update("scope", keys, decide);
      await store.list("scope", "k/");
    }
  };
  await Promise.all([0, 1, 2, 3].map(work));
  return checkHistory(events);
}

describe("a store that is as it should be", () => {
  it("gives the suite and the checker nothing to complain about", async () => {
    expect(await complaints(sound)).toEqual([]);
    expect(await verdictOn(sound())).toMatchObject({ ok: true, reads: 480 });
  });
});

describe.each(broken)("a store that %s", (_, opening, sentence) => {
  it("is found out by the suite", async () => {
    expect(await complaints(opening)).not.toEqual([]);
  });

  it("is found out by the checker, which shows the calls", async () => {
    const verdict = await verdictOn(opening());
    expect(verdict).toMatchObject({ ok: false, violation: expect.stringMatching(sentence) as string });
    expect(verdict.ok ? [] : verdict.events).not.toEqual([]);
  });
});
