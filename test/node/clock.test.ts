// The runtime's clock: a sleep ends by itself or by its signal, and leaves no listener behind.

import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import type { AbortSignalLike } from "../../src/contract/index.ts";
import { newAbortable, offsetIn, systemChance, systemClock } from "../../src/node/clock.ts";

/** A signal that counts its listeners. */
function countedSignal(): {
  readonly signal: AbortSignalLike;
  readonly listeners: () => number;
  readonly abort: (reason: unknown) => void;
} {
  const controller = new AbortController();
  let listeners = 0;
  return {
    listeners: () => listeners,
    abort: (reason) => controller.abort(reason),
    signal: {
      get aborted() {
        return controller.signal.aborted;
      },
      get reason() {
        return controller.signal.reason as unknown;
      },
      addEventListener: (type, listener) => {
        listeners++;
        controller.signal.addEventListener(type, listener);
      },
      removeEventListener: (type, listener) => {
        listeners--;
        controller.signal.removeEventListener(type, listener);
      },
    },
  };
}

describe("sleep", () => {
  it("ends by itself", async () => {
    const { signal, listeners } = countedSignal();
    await systemClock.sleep(1, { signal });
    await systemClock.sleep(0);
    expect(listeners()).toBe(0);
  });

  it("ends at an abort with the signal's reason, whatever that is", async () => {
    for (const reason of [new Error("enough"), "text", null, { code: "X" }]) {
      const { signal, listeners, abort } = countedSignal();
      const sleep = systemClock.sleep(3_600_000, { signal });
      expect(listeners()).toBe(1);
      abort(reason);
      await expect(sleep).rejects.toBe(reason);
      expect(listeners()).toBe(0);
    }
  });

  it("does not begin when the signal is aborted", async () => {
    const { signal, listeners, abort } = countedSignal();
    const reason = new Error("enough");
    abort(reason);
    await expect(systemClock.sleep(3_600_000, { signal })).rejects.toBe(reason);
    expect(listeners()).toBe(0);
  });

  it("in the background does not keep the process from ending, else it does", () => {
    const timers: { hasRef(): boolean }[] = [];
    const realSetTimeout = globalThis.setTimeout;
    vi.stubGlobal("setTimeout", (...parameters: Parameters<typeof realSetTimeout>) => {
      const timer = realSetTimeout(...parameters);
      timers.push(timer);
      return timer;
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { signal, abort } = countedSignal();
    for (const background of [true, false]) {
      systemClock.sleep(3_600_000, { signal, background }).catch(() => {});
    }
    expect(timers.map((timer) => timer.hasRef())).toEqual([false, true]);
    abort("enough");
  });

  it("is as long as was asked for, longer than a timer can be", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let woken = false;
    const sleep = systemClock.sleep(5e9).then(() => (woken = true));
    await vi.advanceTimersByTimeAsync(5e9 - 1);
    expect(woken).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await sleep;
  });
});

function readUptimeMs(): number {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
}

describe("the time since boot", () => {
  it.skipIf(!existsSync("/proc/uptime"))("is that of the machine, in milliseconds", () => {
    const before = readUptimeMs();
    const now = systemClock.sinceBoot();
    // Half a step of its resolution, for what adding up fractions loses.
    expect(now).toBeGreaterThanOrEqual(before - 5);
    expect(now).toBeLessThanOrEqual(readUptimeMs() + 5);
  });
});

describe("by how much a time namespace is ahead", () => {
  const day = "monotonic           86400         0\nboottime            -3600 500000000\n";

  it.each([
    ["in seconds", day, "monotonic", 86_400_000],
    ["or behind, in seconds and nanoseconds", day, "boottime", -3_599_500],
    ["of the machine itself", "monotonic 0 0\nboottime 0 0\n", "monotonic", 0],
    ["with what is below a millisecond", "monotonic 1 250000\n", "monotonic", 1000.25],
    ["is none of a clock that is not named", day, "realtime", 0],
    ["is none of a clock whose name ends as another's", "xmonotonic 5 0\n", "monotonic", 0],
    ["is none where there is no file", "", "monotonic", 0],
    ["is none in what cannot be read", "monotonic five 0\n", "monotonic", 0],
  ])("%s", (_, text, name, ms) => {
    expect(offsetIn(text, name)).toBe(ms);
  });
});

describe("an abortable", () => {
  it("tells of its abort once, with the reason", () => {
    const abortable = newAbortable();
    const { signal } = abortable;
    const reasons: unknown[] = [];
    signal.addEventListener("abort", () => reasons.push(signal.reason));
    newAbortable().abort("of another one");
    expect(signal.aborted).toBe(false);
    abortable.abort("enough");
    abortable.abort("once more");
    expect(reasons).toEqual(["enough"]);
  });
});

describe("time and chance", () => {
  it("are the runtime's", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
    const before = systemClock.elapsed();
    expect(systemClock.elapsed()).toBeGreaterThanOrEqual(before);
    const random = systemChance.random();
    expect(random >= 0 && random < 1).toBe(true);
  });

  it("a unique id is 16 characters that can stand in a file name and are no option", () => {
    const ids = Array.from({ length: 20_000 }, () => systemChance.uniqueId());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[\w][\w-]{15}$/u.test(id))).toEqual([]);
  });

  it("every bit of a unique id is by chance", () => {
    const bytes = Array.from({ length: 4000 }, () => Buffer.from(systemChance.uniqueId(), "base64url"));
    for (let bit = 0; bit < 96; bit++) {
      const set = bytes.filter((id) => (id[bit >> 3]! >> (bit & 7)) & 1).length;
      // 2,000 are expected, with a standard deviation of 32.
      expect(Math.abs(set - 2000)).toBeLessThan(400);
    }
  });
});
