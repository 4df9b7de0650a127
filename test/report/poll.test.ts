// Looking again and again until something is so.

import { describe, expect, test } from "vitest";
import { poll } from "../../src/report/poll.ts";

describe("polling", () => {
  test("ends with the look that finds it so", async () => {
    let looks = 0;
    expect(await poll(async () => ++looks === 3, { seconds: 60 })).toBe(true);
    expect(looks).toBe(3);
  });

  test("looks once more after it was called off, so that nothing is missed", async () => {
    const off = new AbortController();
    let looks = 0;
    const look = async (): Promise<boolean> => {
      off.abort();
      return ++looks === 2;
    };
    expect(await poll(look, { seconds: 60, signal: off.signal })).toBe(true);
  });

  test("looks once more when the time is over", async () => {
    let looks = 0;
    expect(await poll(async () => ++looks === 2, { seconds: 0.001 })).toBe(true);
  });

  test("gives up when the time is over and it is not so", async () => {
    expect(await poll(async () => false, { seconds: 0.05 })).toBe(false);
  });
});
