// The runtime's clock: a sleep ends by itself or by its signal, and leaves no listener behind.

import { describe, expect, it } from "vitest";

import type { AbortSignalLike } from "../../src/contract/index.ts";
import { systemChance, systemClock } from "../../src/node/clock.ts";

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
});

describe("time and chance", () => {
  it("are the runtime's", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
    const before = systemClock.elapsed();
    expect(systemClock.elapsed()).toBeGreaterThanOrEqual(before);
    const random = systemChance.random();
    expect(random >= 0 && random < 1).toBe(true);
    expect(systemChance.uniqueId()).not.toBe(systemChance.uniqueId());
  });
});
