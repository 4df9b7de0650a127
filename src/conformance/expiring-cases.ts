// Slots that the engine removes by its own clock: what they promise to those who keep them alive, and to those who
// have seen them go.

import type { ExpiringSlots, SlotChanges, Store } from "../contract/index.ts";
import { type ConformanceCase, type ConformanceSetup, put, remove, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

type Open = ConformanceSetup["open"];
type ExpiringStore = Store & { readonly expiring: ExpiringSlots };

async function openExpiring(open: Open): Promise<ExpiringStore> {
  const store = await open();
  const { expiring } = store;
  if (!expiring) throw new Error("this store has no slots that expire");
  return Object.assign(store, { expiring });
}

/** Follows a watch until it has told that a slot of this revision is gone, and returns the revision of that. */
async function goneIn(watch: AsyncIterableIterator<SlotChanges>, key: string, made: number): Promise<number> {
  for (;;) {
    const { done: ended, value } = await watch.next();
    if (ended) throw new Error("a watch ended that nobody had ended");
    const slot = value.slots.find((one) => one.key === key);
    if (slot?.value === null) return slot.revision;
    if (value.all && !slot && value.revision > made) return value.revision;
  }
}

/** Writes a slot, and waits until the engine has removed it. */
async function expire(store: ExpiringStore, key: string): Promise<void> {
  const watch = store.watch(SCOPE);
  await watch.next();
  const { token } = await store.expiring.create(SCOPE, key, "v", store.expiring.ttl.least);
  await goneIn(watch, key, token.revision);
  await watch.return!();
}

export const EXPIRING_CASES: readonly ConformanceCase[] = (
  [
    {
      name: "a slot that expires is there for every client when it is told, with a time of at least what was asked for",
      async run({ open }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const { least, step } = one.expiring.ttl;
        for (const [key, ttlMs] of [
          ["k/a", 1],
          ["k/b", least + step],
          ["k/c", least + step + 1],
        ] as const) {
          const expiry = await one.expiring.create(SCOPE, key, "v", ttlMs);
          same("its epoch", expiry.token.epoch, one.epoch);
          ok(`${expiry.ttlMs} ms is shorter than ${ttlMs}`, expiry.ttlMs >= Math.max(ttlMs, least));
          ok(`${expiry.ttlMs} ms is longer than it must be`, expiry.ttlMs < Math.max(ttlMs, least) + step);
          const slot = { key, revision: expiry.token.revision, value: "v" };
          same("read", (await two.read(SCOPE, [key])).get(key), slot);
          same("listed", await two.list(SCOPE, key), [slot]);
        }
      },
    },
    {
      name: "a slot that nobody keeps alive goes, no earlier than its time, and a watch tells it as a removal",
      async run({ open, wait }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const watch = two.watch(SCOPE);
        await watch.next();
        const { token, ttlMs } = await one.expiring.create(SCOPE, "k/a", "v", one.expiring.ttl.least);
        let isEarly = true;
        void wait(ttlMs * 0.9).then(() => (isEarly = false));
        const gone = await goneIn(watch, "k/a", token.revision);
        ok("it went before its time", !isEarly);
        ok(`revision ${gone} came after ${token.revision}`, gone > token.revision);
        for (const store of [one, two]) {
          same("read", await store.read(SCOPE, ["k/a"]), new Map());
          same("listed", await store.list(SCOPE, "k/"), []);
        }
        const next = done(await one.commit(SCOPE, [put("k/b", "B")]));
        ok(`revision ${next} came after ${gone}`, next > gone);
      },
    },
    {
      name: "a slot that is kept alive is there for longer than its time, as it was, and goes when it is not any more",
      async run({ open, wait }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const watch = two.watch(SCOPE);
        await watch.next();
        const { token, ttlMs } = await one.expiring.create(SCOPE, "k/a", "v", one.expiring.ttl.least);
        for (let third = 0; third < 6; third++) {
          await wait(ttlMs / 3);
          ok("it was gone though it was kept alive", await one.expiring.keepAlive(SCOPE, "k/a"));
        }
        const slot = { key: "k/a", revision: token.revision, value: "v" };
        same("after twice its time", (await two.read(SCOPE, ["k/a"])).get("k/a"), slot);
        await goneIn(watch, "k/a", token.revision);
        same("after it was left", await one.expiring.keepAlive(SCOPE, "k/a"), false);
      },
    },
    {
      name: "whoever has read that a slot expired never sees it come back, whatever is tried",
      async run({ open, wait }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const { token, ttlMs } = await one.expiring.create(SCOPE, "k/a", "v", one.expiring.ttl.least);
        while ((await two.read(SCOPE, ["k/a"])).size > 0) await wait(ttlMs / 50);
        const { revision } = token;
        same("keepAlive", await one.expiring.keepAlive(SCOPE, "k/a"), false);
        for (const change of [put("k/a", "X", revision), remove("k/a", revision)]) {
          const refused = { committed: false, changed: ["k/a"] };
          same("a condition on it", await one.commit(SCOPE, [change, put("k/b", "B")]), refused);
        }
        for (const store of [one, two]) same("after it", await store.list(SCOPE, "k/"), []);
      },
    },
    {
      name: "a commit that removes a slot before its time removes it for good",
      async run({ open }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const { token } = await one.expiring.create(SCOPE, "k/a", "v", one.expiring.ttl.least);
        const change = { scope: SCOPE, ...remove("k/a", token.revision) };
        done(await two.commit("another", [change, put("k/b", "B")]));
        same("keepAlive", await one.expiring.keepAlive(SCOPE, "k/a"), false);
        same("after it", await one.list(SCOPE, "k/"), []);
      },
    },
    {
      name: "a commit that writes a slot before its time makes it one like others, which stays",
      async run({ open }) {
        const store = await openExpiring(open);
        const { token } = await store.expiring.create(SCOPE, "k/a", "v", store.expiring.ttl.least);
        const revision = done(await store.commit(SCOPE, [put("k/a", "v2", token.revision)]));
        // What came later and lives as long has gone when this is over.
        await expire(store, "k/b");
        same("after its time", await store.list(SCOPE, "k/"), [{ key: "k/a", revision, value: "v2" }]);
      },
    },
    {
      name: "a slot stays when the client that made it is closed, until its time is over",
      async run({ open }) {
        const [one, two] = [await openExpiring(open), await openExpiring(open)];
        const watch = two.watch(SCOPE);
        await watch.next();
        const { token } = await one.expiring.create(SCOPE, "k/a", "v", one.expiring.ttl.least);
        await one.close();
        same("after the closing", (await two.list(SCOPE, "k/")).length, 1);
        await goneIn(watch, "k/a", token.revision);
      },
    },
    {
      name: "a slot that is there already, and a NUL, are mistakes that create nothing",
      async run({ open }) {
        const store = await openExpiring(open);
        const revision = done(await store.commit(SCOPE, [put("k/a", "A")]));
        for (const key of ["k/a", "k/\0"]) {
          const creating = (): Promise<unknown> =>
            store.expiring.create(SCOPE, key, "v", store.expiring.ttl.least);
          await failure(key, creating);
        }
        same("after them", await store.list(SCOPE, "k/"), [{ key: "k/a", revision, value: "A" }]);
      },
    },
  ] satisfies readonly ConformanceCase[]
).map((one) => ({ ...one, needs: "expiring" as const }));
