// Several clients at once: nothing is lost, nothing is seen by halves, and nobody is refused for another's slot.

import type { Decide, Store } from "../contract/index.ts";
import { type ConformanceCase, type ConformanceSetup, put, remove, SCOPE } from "./case.ts";
import { checkHistory } from "./check-history.ts";
import { done, ok, same } from "./expect.ts";
import { type HistoryEvent, recordHistory } from "./history.ts";

const CLIENTS = 4;
/** Of four clients one always succeeds: many times what the unluckiest needs. */
const MOST_TRIES = 2000;

async function clients({ open }: ConformanceSetup): Promise<Store[]> {
  return await Promise.all(Array.from({ length: CLIENTS }, open));
}

/** Numbers that look random and are the same every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function increment(store: Store): Promise<void> {
  for (let round = 0; round < 25; round++) await retry(store, ["k/n"], ([n]) => [n! + 1]);
}

async function incrementByUpdate(store: Store): Promise<void> {
  for (let round = 0; round < 25; round++) {
    const commit = await store.update(SCOPE, ["k/n"], (slots) => {
      const n = slots.get("k/n");
      return [put("k/n", `${Number(n?.value ?? 0) + 1}`, n?.revision ?? 0)];
    });
    if (!commit) throw new Error("an update that had decided something answered that it had not");
    done(commit);
  }
}

/** Moves amounts between two of the slots k/a, k/b, k/c, of which the sum stays. */
async function move(store: Store, client: number): Promise<void> {
  const random = numbers(client);
  const pair = client % 2 === 0 ? ["k/a", "k/b"] : ["k/c", "k/a"];
  for (let round = 0; round < 25; round++) {
    const amount = random(10);
    await retry(store, pair, ([from, to]) => [from! - amount, to! + amount]);
  }
}

/** Commits what `change` makes of the values of the slots, until nobody comes in between. */
async function retry(
  store: Store,
  keys: readonly string[],
  change: (values: readonly number[]) => readonly number[],
): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const slots = await store.read(SCOPE, keys);
    const values = change(keys.map((key) => Number(slots.get(key)?.value ?? 0)));
    const changes = keys.map((key, index) => put(key, `${values[index]}`, slots.get(key)?.revision ?? 0));
    if ((await store.commit(SCOPE, changes)).committed) return;
  }
  throw new Error(`a commit was refused ${MOST_TRIES} times, each time on what had just been read`);
}

export const CONCURRENCY_CASES: readonly ConformanceCase[] = [
  {
    name: "increments from several clients at once lose none",
    async run(setup) {
      const stores = await clients(setup);
      await Promise.all(stores.map(increment));
      same("the sum", (await stores[0]!.read(SCOPE, ["k/n"])).get("k/n")?.value, `${CLIENTS * 25}`);
    },
  },
  {
    name: "increments by updates from several clients at once lose none, and none is refused",
    async run(setup) {
      const stores = await clients(setup);
      await Promise.all([...stores, ...stores].map(incrementByUpdate));
      same("the sum", (await stores[0]!.read(SCOPE, ["k/n"])).get("k/n")?.value, `${2 * CLIENTS * 25}`);
    },
  },
  {
    name: "commits of several slots are never seen by halves, in a read or in a list",
    async run(setup) {
      const stores = await clients(setup);
      const keys = ["k/a", "k/b", "k/c"];
      done(
        await stores[0]!.commit(
          SCOPE,
          keys.map((key) => put(key, "100")),
        ),
      );
      const state = { moving: true };
      const watch = async (store: Store): Promise<void> => {
        while (state.moving) {
          const read = [...(await store.read(SCOPE, keys)).values()];
          for (const slots of [read, await store.list(SCOPE, "k/")]) {
            const sum = slots.reduce((total, { value }) => total + Number(value), 0);
            same("the sum of what was moved", sum, 300);
          }
          await setup.wait(0);
        }
      };
      const moved = Promise.all(stores.map(move)).finally(() => (state.moving = false));
      await Promise.all([moved, watch(await setup.open())]);
    },
  },
  {
    name: "of all who want one slot at once exactly one gets it",
    async run(setup) {
      const stores = await clients(setup);
      for (let round = 0; round < 10; round++) {
        const key = `k/${round}`;
        const commits = await Promise.all(
          Array.from({ length: 16 }, (_, index) =>
            stores[index % CLIENTS]!.commit(SCOPE, [put(key, `${index}`)]),
          ),
        );
        const winners = commits.flatMap((commit, index) => (commit.committed ? [`${index}`] : []));
        const slot = (await stores[round % CLIENTS]!.read(SCOPE, [key])).get(key);
        same("the winners", winners, [slot?.value]);
        for (const commit of commits) {
          if (!commit.committed) same("a loser is told", commit.changed, [key]);
        }
      }
    },
  },
  {
    name: "commits of different slots never refuse each other, and one that is refused concerns no other",
    async run(setup) {
      const stores = await clients(setup);
      const taken = done(await stores[0]!.commit(SCOPE, [put("k/taken", "T")]));
      const commits = await Promise.all(
        Array.from({ length: 64 }, (_, index) => {
          const store = stores[index % CLIENTS]!;
          if (index % 8 === 7) return store.commit(SCOPE, [put(`k/${index}`, "v"), put("k/taken", "X")]);
          return store.commit(SCOPE, [put(`k/${index}`, "v")], { durable: index % 16 === 0 });
        }),
      );
      const refused = commits.flatMap((commit, index) => (commit.committed ? [] : [index]));
      same("the refused", refused, [7, 15, 23, 31, 39, 47, 55, 63]);
      const revisions = commits.flatMap((commit) => (commit.committed ? [commit.token.revision] : []));
      same("the revisions told", new Set(revisions).size, 56);
      const slots = await stores[0]!.list(SCOPE, "k/");
      const told = [...revisions, taken].toSorted((a, b) => a - b);
      const found = slots.map(({ revision }) => revision).toSorted((a, b) => a - b);
      same("the slots", found, told);
    },
  },
  {
    name: "what many clients do at random is linearizable",
    async run(setup) {
      const events: HistoryEvent[] = [];
      let tick = 0;
      const work = async (plain: Store, client: number): Promise<void> => {
        const store = recordHistory(plain, {
          client: `${client}`,
          now: () => tick++,
          write: (event) => events.push(event),
        });
        const random = numbers(client + 1);
        let written = 0;
        for (let round = 0; round < 60; round++) {
          const keys = Array.from({ length: 5 }, (_, key) => `k/${key}`).filter(() => random(2) === 0);
          const decide: Decide = (slots) =>
            keys.map((key) => {
              const revision = slots.get(key)?.revision ?? 0;
              const remains = revision === 0 || random(3) > 0;
              return remains ? put(key, `${client}.${++written}`, revision) : remove(key, revision);
            });
          if (random(2) === 0) await store.update(SCOPE, keys, decide);
          else {
            const changes = decide(await store.read(SCOPE, keys));
            if (changes.length > 0) await store.commit(SCOPE, changes);
          }
          if (random(4) === 0) await store.list(SCOPE, "k/");
        }
      };
      const stores = await clients(setup);
      await Promise.all([...stores, ...stores].map(work));
      const verdict = checkHistory(events);
      ok(verdict.ok ? "" : `${verdict.violation}: ${JSON.stringify(verdict.events)}`, verdict.ok);
    },
  },
];
