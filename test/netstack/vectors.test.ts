// The recorded outcomes of the original packages, both versions, replayed on the port manager.

import { describe, expect, it } from "vitest";
import { FlagCounter } from "../../src/netstack/flag-counter.ts";
import { PortManager } from "../../src/netstack/index.ts";
import { CASES, caseNamed, replay } from "./replay.ts";

const SUITES = ["netstack-2019", "netstack"] as const;

/**
 * Histories that release with other flags than were reserved, where only the last step, a dump, shows that
 * the original counts that as a release (quirks.test.ts shows that nothing else is different).
 */
const MISCOUNTED = [9, 13, 14, 15, 19].map((number) => `random sequence ${number}`);

describe.each(SUITES)("the outcomes recorded of %s", (suite) => {
  const cases = CASES.filter(({ suites, quirk }) => suites.includes(suite) && !quirk);

  it.each(cases.filter(({ name }) => name !== "flag counters"))("$name", (one) => {
    const { differences } = replay(one, (random) => new PortManager({ random }));
    const miscounted = suite === "netstack" && MISCOUNTED.includes(one.name);
    expect(miscounted ? differences.filter(({ op }) => op !== "dump") : differences).toEqual([]);
  });
});

describe("what the replay leaves out", () => {
  it("is the count of the original's own records, and nothing else", () => {
    const left: Record<string, number> = {};
    for (const one of CASES.filter(({ quirk, name }) => !quirk && name !== "flag counters")) {
      const { skipped } = replay(one, (random) => new PortManager({ random }));
      for (const [op, count] of Object.entries(skipped)) left[op] = (left[op] ?? 0) + count;
    }
    expect(left).toEqual({ count: 67 });
  });

  it("is no case for its addresses: each of them can be said as text", () => {
    const raw = CASES.filter((one) => JSON.stringify(one).includes('"hex:'));
    expect(raw.map(({ name }) => name)).toEqual([]);
  });
});

describe("the recorded flag counters", () => {
  it("agree wherever nothing is dropped that was not counted (19 of 40; with_mask is not asked for)", () => {
    let agreeing = 0;
    for (const { args, expect: recorded } of caseNamed("netstack", "flag counters").steps) {
      const counter = new FlagCounter();
      let sound = true;
      for (const [verb, bits] of args!.seq) {
        if (verb === "add") counter.add(bits);
        else sound &&= counter.drop(bits);
      }
      if (!sound) continue;
      expect({
        total: counter.total,
        shared: counter.shared,
        all_have: (counter.shared & args!.mask) === args!.mask,
      }).toEqual({ total: recorded["total"], shared: recorded["shared"], all_have: recorded["all_have"] });
      agreeing++;
    }
    expect(agreeing).toBe(19);
  });

  it("never fall below zero: a drop of what was not counted changes nothing", () => {
    const counter = new FlagCounter();
    counter.add(2);
    expect(counter.drop(6)).toBe(false);
    expect([counter.total, counter.shared]).toEqual([1, 2]);
    expect(counter.drop(2)).toBe(true);
    expect(counter.drop(2)).toBe(false);
    expect([counter.total, counter.shared]).toEqual([0, 7]);
  });
});
