// A process that claims and releases slots of an engine, many at once, for as long as it is told to, as often as it is told.

import { once } from "node:events";
import type { Decide, Engine, Store } from "../../dist/contract/index.js";
import type * as NodeClock from "../../dist/node/clock.js";
import type { OpenBare } from "./engine.ts";
import type { Share, Work } from "./clients.ts";

const work = JSON.parse(process.argv[2]!) as Work;
/** As long as the slot of a lease is, and that of a port that was left. */
const VALUE = "x".repeat(165);
const FREE = "x".repeat(122);

/** What one of those outstanding does again and again, and what there is to say of all of them. */
interface Subject {
  readonly pair: (worker: number) => Promise<void>;
  readonly retries: () => number;
  readonly close: () => Promise<void>;
}

const subject = await { bare, any: leased, own: stored }[work.subject]();
process.send!("ready");
for (;;) {
  const [told] = (await once(process, "message")) as [number | "end"];
  if (told === "end") break;
  process.send!(await workFor(told));
}
await subject.close();
process.disconnect();

async function workFor(ms: number): Promise<Share> {
  const [began, cpuBefore, retries] = [performance.now(), process.cpuUsage(), subject.retries()];
  const workers = Array.from({ length: work.outstanding }, (_, worker) => repeat(worker, began + ms));
  const pairs = (await Promise.all(workers)).reduce((sum, one) => sum + one, 0);
  const { user, system } = process.cpuUsage(cpuBefore);
  const tookMs = performance.now() - began;
  return { pairs, ms: tookMs, cpu: user + system, retries: subject.retries() - retries };
}

/** How many pairs one of the outstanding made until then. */
async function repeat(worker: number, until: number): Promise<number> {
  let pairs = 0;
  for (; performance.now() < until; pairs++) await subject.pair(worker);
  return pairs;
}

async function bare(): Promise<Subject> {
  const { openBare } = (await import(`./${work.bare}`)) as { readonly openBare: OpenBare };
  const engine = await openBare(work.options, work.outstanding);
  const revisions = new Map<number, number>();
  return {
    async pair(worker) {
      const slot = `${process.pid}/${worker}`;
      const claimed = await engine.write(slot, revisions.get(worker) ?? 0, VALUE);
      revisions.set(worker, await engine.write(slot, claimed, FREE));
    },
    retries: () => 0,
    close: () => engine.close(),
  };
}

/** What is asked for through the package, of a pool, whose ports no kernel has. */
async function leased(): Promise<Subject> {
  const { open } = await import("moorage");
  const counts = { decided: 0, updates: 0 };
  const engine = await openEngine();
  const registry = await open({
    store: { ...engine, open: async (surroundings) => counting(await engine.open(surroundings), counts) },
    scope: { pool: work.scope, ports: `1-${work.ports}` },
    quarantineMs: 0,
  });
  return {
    pair: async () => await (await registry.acquire()).release(),
    retries: () => counts.decided - counts.updates,
    close: () => registry.close(),
  };
}

/** A store that counts its updates, and how often what they change is decided. */
function counting(store: Store, counts: { decided: number; updates: number }): Store {
  return {
    epoch: store.epoch,
    limits: store.limits,
    expiring: store.expiring,
    read: (...call) => store.read(...call),
    list: (...call) => store.list(...call),
    commit: (...call) => store.commit(...call),
    update: (scope, keys, decide, options) => {
      counts.updates++;
      const counted: Decide = (slots) => {
        counts.decided++;
        return decide(slots);
      };
      return store.update(scope, keys, counted, options);
    },
    raiseEpoch: (...call) => store.raiseEpoch(...call),
    watch: (...call) => store.watch(...call),
    close: () => store.close(),
  };
}

async function openEngine(): Promise<Engine> {
  const door = (await import(`../../../dist/${work.door}`)) as Record<string, (options: object) => Engine>;
  return door[work.factory]!(work.options);
}

async function stored(): Promise<Subject> {
  const clock = (await import(
    new URL("../../../dist/node/clock.js", import.meta.url).href
  )) as typeof NodeClock;
  const surroundings = { clock: clock.systemClock, chance: clock.systemChance };
  const store = await (await openEngine()).open(surroundings);
  const revisions = new Map<number, number>();
  const write = async (worker: number, value: string): Promise<void> => {
    const key = `port/tcp/${process.pid}/${worker}`;
    const ifRevision = revisions.get(worker) ?? 0;
    const commit = await store.commit(work.scope, [{ key, ifRevision, value }]);
    if (!commit.committed) throw new Error(`slot ${key} was changed by somebody else`);
    revisions.set(worker, commit.token.revision);
  };
  return {
    async pair(worker) {
      await write(worker, VALUE);
      await write(worker, FREE);
    },
    retries: () => 0,
    close: () => store.close(),
  };
}
