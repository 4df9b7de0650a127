// Waiting that a signal ends, and that leaves nothing behind.

import { getEventListeners } from "node:events";

import { describe, expect, it, onTestFinished, vi } from "vitest";

import { interruptible, pause } from "../../src/host/interruptible.ts";

describe("waiting", () => {
  it("ends with what it waited for", async () => {
    const { signal } = new AbortController();
    const begin = vi.fn<() => () => void>();
    expect(
      await interruptible<number>(signal, ({ resolve }) => {
        setImmediate(resolve, 7);
        return begin;
      }),
    ).toBe(7);
    await expect(
      interruptible(signal, ({ reject }) => {
        setImmediate(reject, "no");
        return begin;
      }),
    ).rejects.toBe("no");
    expect(begin).not.toHaveBeenCalled();
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is stopped by an abort, and does not begin after one", async () => {
    const controller = new AbortController();
    const stop = vi.fn<() => void>();
    const begin = vi.fn<() => () => void>(() => stop);
    const wait = interruptible(controller.signal, begin);
    controller.abort("enough");
    await expect(wait).rejects.toBe("enough");
    expect(stop).toHaveBeenCalledTimes(1);
    await expect(interruptible(controller.signal, begin)).rejects.toBe("enough");
    expect(begin).toHaveBeenCalledTimes(1);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("for a time does not keep the process from ending", async () => {
    const timers: { hasRef(): boolean }[] = [];
    const realSetTimeout = globalThis.setTimeout;
    vi.stubGlobal("setTimeout", (...parameters: Parameters<typeof realSetTimeout>) => {
      const timer = realSetTimeout(...parameters);
      timers.push(timer);
      return timer;
    });
    onTestFinished(() => void vi.unstubAllGlobals());
    const controller = new AbortController();
    const wait = pause(3_600_000, controller.signal);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
    controller.abort("enough");
    await expect(wait).rejects.toBe("enough");
    await expect(pause(1, undefined)).resolves.toBeUndefined();
  });
});
