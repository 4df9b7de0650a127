// A map and a set of what comes and goes: as those of the language, but that what is gone is gone.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { PassingMap, PassingSet } from "../../src/core/passing.ts";

type Action = readonly ["set", key: number, value: number] | readonly ["delete", key: number];

const KEY = fc.nat(12);
const ACTION: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(fc.constant("set" as const), KEY, fc.nat()),
  fc.tuple(fc.constant("delete" as const), KEY),
);

/** In the young generation alone, as it is done most of the time. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;
  // All that was there before comes of age.
  collect();
  collect();
  return () => collect({ type: "minor" });
}

describe("a passing map", () => {
  it("has what a map of the language has, in its order, whatever came and went", () => {
    fc.assert(
      fc.property(fc.array(ACTION, { maxLength: 200 }), (actions) => {
        const [map, model] = [new PassingMap<number, number>(), new Map<number, number>()];
        for (const [action, key, value] of actions) {
          const change = (one: PassingMap<number, number> | Map<number, number>): unknown =>
            action === "set" ? void one.set(key, value) : one.delete(key);
          expect(change(map)).toBe(change(model));
          expect([map.has(key), map.get(key), map.size]).toEqual([
            model.has(key),
            model.get(key),
            model.size,
          ]);
        }
        expect(map.entries()).toEqual([...model]);
        expect(map.keys()).toEqual([...model.keys()]);
        expect(map.values()).toEqual([...model.values()]);
      }),
    );
  });

  it("keeps nothing that was removed from the garbage collector, however long it is in use", () => {
    const map = new PassingMap<number, readonly number[]>();
    const pass = (count: number, each: (at: number) => void): void => {
      for (let at = 0; at < count; at++) {
        map.set(
          at,
          Array.from({ length: 1000 }, () => at),
        );
        map.delete(at - 8);
        each(at);
      }
    };
    pass(5000, () => {});
    const collect = collector();
    const before = process.memoryUsage().heapUsed;
    pass(10_000, (at) => {
      if (at % 1000 === 999) collect();
    });
    // 80 MB were in it, of which a map of the language keeps a fifth and more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });
});

describe("a passing set", () => {
  it("tells who iterates what was in it when that began", () => {
    const set = new PassingSet<number>();
    for (let item = 0; item < 40; item++) set.add(item);
    const told: number[] = [];
    for (const item of set) {
      for (let other = 0; other < 40; other++) set.delete(other);
      set.add(item + 100);
      told.push(item);
    }
    expect(told).toEqual(Array.from({ length: 40 }, (_, item) => item));
    expect([set.size, set.has(139), set.has(39)]).toEqual([40, true, false]);
  });
});
