import { describe, expect, it } from "vitest";

import { bootClock } from "../../src/node/boot-clock.ts";

/** A machine whose clocks a test moves, the system telling the boot clock in steps of 10 ms. */
function machine() {
  const clocks = { boot: 5000, elapsed: 4000, wall: 1_000_000 };
  const asked = { count: 0 };
  const sinceBoot = bootClock({
    uptime: () => {
      asked.count++;
      return Math.floor(clocks.boot / 10) * 10;
    },
    elapsed: () => clocks.elapsed,
    now: () => Math.floor(clocks.wall),
  });
  const pass = (ms: number): void => {
    clocks.boot += ms;
    clocks.elapsed += ms;
    clocks.wall += ms;
  };
  const sleep = (ms: number): void => {
    clocks.boot += ms;
    clocks.wall += ms;
  };
  return { clocks, asked, sinceBoot, pass, sleep };
}

describe("the time since the boot", () => {
  it("goes on with the monotonic clock, and the system is not asked", () => {
    const { asked, sinceBoot, pass } = machine();
    expect(sinceBoot()).toBe(5000);
    pass(0.5);
    expect(sinceBoot()).toBe(5000.5);
    pass(99);
    expect(sinceBoot()).toBe(5099.5);
    expect(asked.count).toBe(1);
  });

  it("tells a sleep of the machine at the first look after it", () => {
    const { sinceBoot, pass, sleep } = machine();
    sinceBoot();
    pass(1);
    sleep(60_000);
    expect(sinceBoot()).toBe(65_000);
    pass(1);
    expect(sinceBoot()).toBe(65_001);
  });

  it("tells a sleep of a few milliseconds", () => {
    const { sinceBoot, sleep } = machine();
    sinceBoot();
    sleep(30);
    expect(sinceBoot()).toBe(5030);
  });

  it.each([3_600_000, -3_600_000, 5, -5])("is right when the wall clock is set on by %d ms", (ms) => {
    const { clocks, sinceBoot, pass } = machine();
    sinceBoot();
    pass(20);
    clocks.wall += ms;
    expect(sinceBoot()).toBe(5020);
    pass(20);
    expect(sinceBoot()).toBe(5040);
  });

  it("is right again within a tenth of a second where the wall clock hid a sleep", () => {
    const { clocks, sinceBoot, pass, sleep } = machine();
    sinceBoot();
    sleep(1000);
    clocks.wall -= 1000;
    pass(101);
    expect(sinceBoot()).toBe(6100);
  });

  it("does not go back by what the system leaves out", () => {
    const { clocks, sinceBoot, pass } = machine();
    let last = sinceBoot();
    for (let step = 0; step < 1000; step++) {
      pass(7.3);
      const next = sinceBoot();
      expect(next).toBeGreaterThan(last);
      expect(clocks.boot - next).toBeGreaterThanOrEqual(-1e-6);
      expect(clocks.boot - next).toBeLessThan(10);
      last = next;
    }
  });

  it("does not go back when the wall clock is set", () => {
    const { clocks, sinceBoot, pass } = machine();
    sinceBoot();
    pass(9);
    expect(sinceBoot()).toBe(5009);
    clocks.wall -= 60_000;
    expect(sinceBoot()).toBe(5009);
  });

  it("believes the system where it says something else altogether", () => {
    const { clocks, sinceBoot, pass } = machine();
    sinceBoot();
    clocks.boot = 100;
    pass(200);
    expect(sinceBoot()).toBe(300);
  });
});
