// Waits that end when somebody wakes, or after a time, with few timers.

import { beforeEach, describe, expect, it } from "vitest";

import { Sleeper } from "../../src/stores/postgres/sleeper.ts";
import { Time } from "../registry/time.ts";

let time: Time;
let sleeper: Sleeper;
/** How long the timers are that were set so far. */
let timers: number[];

beforeEach(() => {
  time = new Time();
  timers = [];
  const clock = time.clockOf(1);
  sleeper = new Sleeper({
    ...clock,
    sleep: async (ms, options) => {
      timers.push(ms);
      await clock.sleep(ms, options);
    },
  });
});

/** Sleeps, and says when it woke. */
async function slept(ms: number): Promise<number> {
  await sleeper.sleep(ms);
  return time.clockOf(1).elapsed();
}

describe("a sleeper", () => {
  it("wakes by itself after the time", async () => {
    expect(await time.until(slept(100))).toBe(100);
    sleeper.doze();
    expect(await time.until(slept(50))).toBe(150);
  });

  it("wakes when it is woken, before and while it sleeps", async () => {
    sleeper.wake();
    expect(await slept(100)).toBe(0);
    sleeper.doze();
    const sleeping = slept(100);
    await time.advance(30);
    sleeper.wake();
    expect(await sleeping).toBe(30);
  });

  it("keeps a timer that ends before the next wait would", async () => {
    for (let wait = 1; wait <= 10; wait++) {
      sleeper.doze();
      const sleeping = slept(100);
      await time.advance(5);
      sleeper.wake();
      await sleeping;
    }
    expect(timers).toEqual([100]);
    sleeper.doze();
    expect(await time.until(slept(100))).toBe(100);
  });

  it("replaces a timer that ends later", async () => {
    const long = slept(100);
    sleeper.wake();
    await long;
    sleeper.doze();
    expect(await time.until(slept(20))).toBe(20);
    sleeper.doze();
    expect(await time.until(slept(200))).toBe(220);
    expect(timers).toEqual([100, 20, 200]);
  });

  it("leaves no timer behind", async () => {
    const sleeping = slept(100);
    sleeper.wake();
    await sleeping;
    sleeper.end();
    sleeper.doze();
    expect(await time.until(slept(1000))).toBe(1000);
  });
});
