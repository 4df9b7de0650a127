// A store that fails when a test says so, before it does its work or after it.

import type { Commit, Store } from "../../src/contract/index.ts";
import { updateThrough } from "../stores/update-through.ts";

type Call = "read" | "list" | "commit" | "close";

export interface Faults {
  readonly wrap: (store: Store) => Store;
  /** How often each call was made. */
  readonly calls: Record<Call, number>;
  /** The `nth` call from now (1: the next) throws `error`; with `after`, when its work is done. */
  fail(call: Call, nth: number, error: Error, options?: { readonly after?: boolean }): void;
  /** The next `times` commits change nothing and report that all their slots have changed. */
  conflict(times: number): void;
  /** Called before each call of the store; what it awaits holds the call up. */
  before: (call: Call) => void | Promise<void>;
}

export function faulty(): Faults {
  const planned: { call: Call; at: number; error: Error; after: boolean }[] = [];
  let conflicts = 0;
  const faults: Faults = {
    calls: { read: 0, list: 0, commit: 0, close: 0 },
    before: () => undefined,
    fail: (call, nth, error, { after = false } = {}) =>
      void planned.push({ call, at: faults.calls[call] + nth, error, after }),
    conflict: (times) => void (conflicts = times),
    wrap: (store) => {
      const read: Store["read"] = (...parameters) => run("read", () => store.read(...parameters));
      const commit: Store["commit"] = (...parameters) =>
        run("commit", async (): Promise<Commit> => {
          if (conflicts === 0) return await store.commit(...parameters);
          conflicts--;
          return { committed: false, changed: parameters[1].map(({ key }) => key) };
        });
      return {
        get epoch() {
          return store.epoch;
        },
        read,
        list: (...parameters) => run("list", () => store.list(...parameters)),
        commit,
        update: updateThrough({ read, commit }),
        get expiring() {
          return store.expiring;
        },
        get limits() {
          return store.limits;
        },
        watch: (...parameters) => store.watch(...parameters),
        raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
        close: () => run("close", () => store.close()),
      };
    },
  };

  async function run<Result>(call: Call, work: () => Promise<Result>): Promise<Result> {
    const number = ++faults.calls[call];
    const fault = planned.find(({ call: other, at }) => other === call && at === number);
    await faults.before(call);
    if (fault && !fault.after) throw fault.error;
    const result = await work();
    if (fault) throw fault.error;
    return result;
  }

  return faults;
}
