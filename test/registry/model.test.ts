// Random histories of three processes and six ports, against leases as one would write them down on paper.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type Action, History } from "./history.ts";
import type { Ask } from "./naive-leases.ts";
import { several } from "./world.ts";

const PORTS = [50, 51, 52, 53, 54, 55];
const TTL_MS = 900;
const RUNS = 200;

const who = fc.nat(2);
const ask: fc.Arbitrary<Ask> = fc
  .record({
    name: fc.constantFrom("a", "b", undefined),
    ports: fc.subarray(PORTS, { minLength: 1 }),
    count: fc.integer({ min: 1, max: 3 }),
    kept: fc.boolean(),
    ttlMs: fc.constantFrom(undefined, undefined, TTL_MS),
  })
  .map((one) => ({
    ...one,
    count: Math.min(one.count, one.ports.length),
    kept: one.kept && one.name !== undefined,
  }));
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("acquire" as const), who, ask }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("give up" as const), which: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("transfer" as const), which: fc.nat(5), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(100, 300, 1000) }),
  },
);

describe("random histories", () => {
  it("grant what is free, refuse what is not, and never one port twice", async () => {
    let draw = 0;
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        const history = new History(await several(3, { random: () => (draw = (draw + 0.37) % 1) }));
        for (const one of actions) {
          await history.take(one);
          await history.compare();
          steps++;
        }
      }),
      { numRuns: RUNS },
    );
    expect(steps).toBeGreaterThanOrEqual(5 * RUNS);
  });
});
