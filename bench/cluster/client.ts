// A process that claims and releases slots of an engine, many at once, for a while.

import type { Engine } from "../../dist/contract/index.js";
import type * as NodeClock from "../../dist/node/clock.js";
import { Allocator, type Given, keyOf } from "./allocator.ts";
import type { OpenBare } from "./engine.ts";
import type { Share, Work } from "./clients.ts";

const work = JSON.parse(process.argv[2]!) as Work;
/** As long as the slot of a lease is. */
const VALUE = "x".repeat(150);
const FREE = "free";

/** What one of those outstanding does again and again, and what there is to say of all of them. */
interface Subject {
  readonly pair: (worker: number) => Promise<void>;
  readonly retries: () => number;
  readonly close: () => Promise<void>;
}

const subject = work.subject === "bare" ? await bare() : await stored();
const state = { isOver: false, pairs: 0, longest: 0 };
const running = Promise.all(Array.from({ length: work.outstanding }, (_, worker) => repeat(worker)));
await new Promise((resolve) => setTimeout(resolve, work.warmMs));
process.once("message", () => void measure());
process.send!("warm");

async function measure(): Promise<void> {
  Object.assign(state, { pairs: 0, longest: 0 });
  const [cpu, retries] = [process.cpuUsage(), subject.retries()];
  await new Promise((resolve) => setTimeout(resolve, work.ms));
  const { user, system } = process.cpuUsage(cpu);
  const { pairs, longest } = state;
  process.send!({ pairs, longest, cpu: user + system, retries: subject.retries() - retries } satisfies Share);
  state.isOver = true;
  await running;
  await subject.close();
  process.disconnect();
}

async function repeat(worker: number): Promise<void> {
  while (!state.isOver) {
    const began = performance.now();
    await subject.pair(worker);
    state.pairs++;
    state.longest = Math.max(state.longest, performance.now() - began);
  }
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

async function stored(): Promise<Subject> {
  const door = (await import(`../../../dist/${work.door}`)) as Record<string, (options: object) => Engine>;
  const clock = (await import(
    new URL("../../../dist/node/clock.js", import.meta.url).href
  )) as typeof NodeClock;
  const surroundings = { clock: clock.systemClock, chance: clock.systemChance };
  const store = await door[work.factory]!(work.options).open(surroundings);
  const close = (): Promise<void> => store.close();
  if (work.subject === "own") {
    const revisions = new Map<number, number>();
    const write = async (worker: number, value: string): Promise<void> => {
      const key = `${keyOf(process.pid)}/${worker}`;
      const commit = await store.commit(work.scope, [{ key, ifRevision: revisions.get(worker) ?? 0, value }]);
      if (!commit.committed) throw new Error(`slot ${key} was changed by somebody else`);
      revisions.set(worker, commit.token.revision);
    };
    const pair = async (worker: number): Promise<void> => {
      await write(worker, VALUE);
      await write(worker, FREE);
    };
    return { pair, retries: () => 0, close };
  }
  const allocator = new Allocator(store, work.scope, work.ports);
  await allocator.follow();
  const pair = async (): Promise<void> => {
    const given: Given = await allocator.claim(VALUE);
    await allocator.release(given);
  };
  return { pair, retries: () => allocator.decided - allocator.granted, close };
}
