// The revisions of the SQLite store over boots, repairs and clocks that do not agree: they grow all the same.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { hrtime } from "node:process";

import { describe, expect, it } from "vitest";

import type { Commit, Slot, SlotChange, Store, Token } from "../../src/contract/index.ts";
import { systemClock } from "../../src/node/clock.ts";
import { ticksOf } from "../../src/stores/sqlite/revisions.ts";
import { salvage } from "../../src/stores/sqlite/salvage.ts";
import { startChildIn } from "./child.ts";
import { temporaryFolder } from "./folder.ts";
import { openDatabase, openStore, type StillClock, stillClock } from "./sqlite.ts";

const SCOPE = "scope";
const SECOND_MS = 1000;
/** Tombstones go once in so many milliseconds. */
const CLEARING_MS = 600_000;

function set(key: string, ifRevision = 0, value: string | null = key): SlotChange {
  return { key, ifRevision, value };
}

function tokenOf(outcome: Commit | undefined): Token {
  if (!outcome?.committed) throw new Error(`not committed: ${outcome?.changed.join()}`);
  return outcome.token;
}

async function commit(store: Store, ...changes: readonly SlotChange[]): Promise<number> {
  return tokenOf(await store.commit(SCOPE, changes)).revision;
}

async function read(store: Store, key: string): Promise<Slot | undefined> {
  return (await store.read(SCOPE, [key])).get(key);
}

/** What the database says, to whoever opens the folder next. */
function stored(folder: string): { readonly slots: number; readonly forgotten: number } {
  const database = openDatabase(join(folder, "registry.db"));
  const sql = "SELECT (SELECT count(*) FROM slot) AS slots, forgotten FROM epoch";
  const row = database.prepare(sql).get();
  database.close();
  return { slots: Number(row?.["slots"]), forgotten: Number(row?.["forgotten"]) };
}

/** What has the highest revision; each makes it the only trace that there is of it, and returns it. */
const HIGHEST: readonly (readonly [string, (store: Store, clock: StillClock) => Promise<number>])[] = [
  ["a slot", async (store) => await commit(store, set("k/2"))],
  [
    "a removed slot",
    async (store) => await commit(store, set("k/1", (await read(store, "k/1"))!.revision, null)),
  ],
  [
    "a removed slot that is forgotten",
    async (store, clock) => {
      clock.elapsedMs += CLEARING_MS;
      return await commit(store, set("k/1", (await read(store, "k/1"))!.revision, null));
    },
  ],
];

describe("on one connection whose clock stands still", () => {
  it("revisions go on by one, those of one commit are one, and those of one transaction are in its order", async () => {
    const store = await openStore(temporaryFolder(), { clock: stillClock() });
    expect(await commit(store, set("k/1"), set("k/2"))).toBe(1);
    expect(await commit(store, set("k/1", 1))).toBe(2);
    const commits = await Promise.all(["k/3", "k/4", "k/5"].map((key) => store.commit(SCOPE, [set(key)])));
    expect(commits.map((done) => tokenOf(done).revision)).toEqual([3, 4, 5]);
    const slots = await store.list(SCOPE, "k/");
    expect(slots.map(({ revision }) => revision)).toEqual([2, 1, 3, 4, 5]);
  });
});

describe("another boot begins above all revisions there were", () => {
  it.each(HIGHEST)("when the highest is that of %s", async (_, arrange) => {
    const folder = temporaryFolder();
    const clock = stillClock(5 * SECOND_MS);
    const before = await openStore(folder, { boot: "one", clock });
    await commit(before, set("k/1"));
    clock.elapsedMs += SECOND_MS;
    const highest = await arrange(before, clock);
    expect(highest).toBeGreaterThanOrEqual(10_000_000);
    await before.close();
    let last = highest;
    for (const boot of ["two", "three", "one"]) {
      // Its clock begins again.
      const store = await openStore(folder, { boot, clock: stillClock() });
      const first = await commit(store, set(`k/${boot}`));
      expect(first).toBeGreaterThan(last);
      last = await commit(store, set(`k/${boot}`, first));
      expect(last).toBeGreaterThan(first);
      await store.close();
    }
    expect((await openStore(folder, { boot: "one" })).epoch).toBe(4);
  });
});

describe("a system that does not tell its boots", () => {
  it.each(HIGHEST)(
    "has a new epoch when its clock began again, above the revision of %s",
    async (_, arrange) => {
      const folder = temporaryFolder();
      const clock = stillClock(5 * SECOND_MS);
      const before = await openStore(folder, { boot: "", clock });
      await commit(before, set("k/1"));
      clock.elapsedMs += SECOND_MS;
      const highest = await arrange(before, clock);
      await before.close();
      const store = await openStore(folder, { boot: "", clock: stillClock(SECOND_MS) });
      expect(store.epoch).toBe(2);
      expect(await commit(store, set("k/3"))).toBeGreaterThan(highest);
    },
  );

  it("has the same epoch as long as its clock goes on", async () => {
    const folder = temporaryFolder();
    const clock = stillClock();
    let last = 0;
    for (let opening = 0; opening < 3; opening++) {
      clock.elapsedMs += SECOND_MS;
      const store = await openStore(folder, { boot: "", clock });
      expect(store.epoch).toBe(1);
      const revision = await commit(store, set(`k/${opening}`));
      expect(revision).toBeGreaterThan(last);
      last = revision;
      await store.close();
    }
  });
});

interface Pair {
  readonly ahead: Store;
  readonly behind: Store;
}

/** Two connections, with a second between their clocks; both are long after the database was made. */
async function openPair(): Promise<Pair> {
  const folder = temporaryFolder();
  await (await openStore(folder, { clock: stillClock(10 * SECOND_MS) })).close();
  return {
    ahead: await openStore(folder, { clock: stillClock(20 * SECOND_MS) }),
    behind: await openStore(folder, { clock: stillClock(19 * SECOND_MS) }),
  };
}

describe("a connection whose clock is behind", () => {
  /** The ways to change a slot. */
  const ways: readonly (readonly [
    string,
    (store: Store, change: SlotChange) => Promise<Commit | undefined>,
  ])[] = [
    ["alone", (store, change) => store.commit(SCOPE, [change])],
    ["among others", (store, change) => store.commit(SCOPE, [set(`k/beside/${change.ifRevision}`), change])],
    ["by an update", (store, change) => store.update(SCOPE, [change.key], () => [change])],
  ];

  it.each(ways)("changes a slot of one that is ahead with a higher revision, %s", async (_, change) => {
    const { ahead, behind } = await openPair();
    let last = await commit(ahead, set("k/a"));
    for (let round = 0; round < 4; round++) {
      const { revision } = tokenOf(
        await change(round % 2 === 0 ? behind : ahead, set("k/a", last, `${round}`)),
      );
      expect(revision).toBeGreaterThan(last);
      expect(await read(ahead, "k/a")).toEqual({ key: "k/a", revision, value: `${round}` });
      last = revision;
    }
  });

  it.each(ways)(
    "makes a slot anew that was removed ahead of it, with a higher revision, %s",
    async (_, change) => {
      const { ahead, behind } = await openPair();
      const removed = await commit(ahead, set("k/a", await commit(ahead, set("k/a")), null));
      const { revision } = tokenOf(await change(behind, set("k/a", 0, "again")));
      expect(revision).toBeGreaterThan(removed);
      expect(await read(ahead, "k/a")).toEqual({ key: "k/a", revision, value: "again" });
      expect(await commit(ahead, set("k/a", revision, null))).toBeGreaterThan(revision);
    },
  );

  it.each(ways)(
    "is refused a slot that is there, and one that is not as it was read, %s",
    async (_, change) => {
      const { ahead, behind } = await openPair();
      const revision = await commit(ahead, set("k/a"));
      for (const wrong of [0, revision - 1, revision + 1]) {
        expect(await change(behind, set("k/a", wrong, "X"))).toEqual({ committed: false, changed: ["k/a"] });
      }
      expect(await read(ahead, "k/a")).toEqual({ key: "k/a", revision, value: "k/a" });
    },
  );

  it("forgets no higher revision when it clears removed slots away", async () => {
    const folder = temporaryFolder();
    const [aheadClock, behindClock] = [stillClock(20 * SECOND_MS), stillClock(19 * SECOND_MS)];
    const ahead = await openStore(folder, { clock: aheadClock });
    const behind = await openStore(folder, { clock: behindClock });
    aheadClock.elapsedMs += CLEARING_MS - 1;
    behindClock.elapsedMs += CLEARING_MS;
    const removed = await commit(ahead, set("k/a", await commit(ahead, set("k/a")), null));
    const clearing = await commit(behind, set("k/b"));
    expect(clearing).toBeLessThan(removed);
    expect(stored(folder)).toEqual({ slots: 1, forgotten: removed });
  });
});

describe("a repaired database", () => {
  it.each(HIGHEST.slice(0, 2))("goes on above the revision of %s", async (_, arrange) => {
    const folder = temporaryFolder();
    const clock = stillClock(5 * SECOND_MS);
    const before = await openStore(folder, { clock });
    await commit(before, set("k/1"));
    clock.elapsedMs += SECOND_MS;
    const highest = await arrange(before, clock);
    await before.close();
    const path = join(folder, "registry.db");
    const now = 2_000_000_000_000;
    const ticks = ticksOf(clock);
    const { epoch } = salvage(path, { boot: "boot-1", ticks, now });
    expect(epoch).toBe(now / 1000);
    const store = await openStore(folder, { clock });
    const revision = await commit(store, set("k/3"));
    expect(revision).toBeGreaterThan(highest);
    expect(await commit(store, set("k/3", revision))).toBeGreaterThan(revision);
    expect(store.epoch).toBe(epoch);
  });
});

/** A day ahead of everybody else. */
const AHEAD = ["unshare", "-T", "--monotonic", "86400", "--boottime", "86400", "--kill-child"] as const;
const [unshare, ...flags] = AHEAD;
const canBeAhead = spawnSync(unshare, [...flags, "true"], { stdio: "ignore" }).status === 0;

describe.skipIf(!canBeAhead)("two time namespaces (need root and unshare)", () => {
  it("have revisions of one time: they grow in the order of the commits", async () => {
    const folder = temporaryFolder();
    const outside = await openStore(folder, { clock: systemClock });
    const inside = startChildIn(AHEAD, "stores/ahead.mjs", folder);
    const clocks = (await inside.next()) as { epoch: number; hrtimeMs: number; sinceBoot: number };
    // It is in another namespace, and knows.
    expect(clocks.hrtimeMs).toBeGreaterThan(hrtime()[0] * 1000 + 80_000 * SECOND_MS);
    expect(Math.abs(clocks.sinceBoot - systemClock.sinceBoot())).toBeLessThan(3600 * SECOND_MS);
    expect(clocks.epoch).toBe(outside.epoch);
    const given: number[] = [];
    for (let round = 0; round < 20; round++) {
      // Slots of their own, so that no revision is above one that it replaces.
      given.push(await commit(outside, set(`k/outside/${round}`)));
      inside.send({ changes: [set(`k/inside/${round}`)] });
      given.push(tokenOf((await inside.next()) as Commit).revision);
    }
    expect(given).toEqual([...new Set(given)].toSorted((a, b) => a - b));
    const slots = await outside.list(SCOPE, "k/");
    expect(slots.map(({ revision }) => revision).toSorted((a, b) => a - b)).toEqual(given);
  });
});
