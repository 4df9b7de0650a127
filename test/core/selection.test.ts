// The order in which ports are tried: where it starts, and that the walk from there misses nothing.

import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameStart, randomStart } from "../../src/core/selection.ts";

describe("a random start", () => {
  it.each([
    [0, 10, 0],
    [0.0999, 10, 0],
    [0.1, 10, 1],
    [0.5, 10, 5],
    [1 - 2 ** -53, 10, 9],
    [1 - 2 ** -53, 65535, 65534],
    [1 - 2 ** -53, 1, 0],
  ])("of %f among %i is %i", (value, count, start) => {
    expect(randomStart(() => value, count)).toBe(start);
  });

  it("is within the range for every random number", () => {
    const value = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 65535 }), (random, count) => {
        const start = randomStart(() => random, count);
        expect(Number.isInteger(start) && start >= 0 && start < count).toBe(true);
      }),
    );
  });

  it.each([1, 1.5, -0.1, Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number])(
    "refuses a source that returns %s",
    (value) => {
      expect(() => randomStart(() => value, 10)).toThrow(
        new RangeError(`\`random\`: expected a number from 0 to below 1, received ${value}`),
      );
    },
  );
});

describe("a start by name", () => {
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["foobar", 0xbf9cf968],
  ])("is the FNV-1a hash of %j", (name, hash) => {
    expect(nameStart(name, 2 ** 32)).toBe(hash);
    expect(nameStart(name, 10_000)).toBe(hash % 10_000);
  });

  it("stays where it was: a change would move everybody's ports", () => {
    const starts = ["web", "api", "feature/größe", "日本語", "🚢"].map((name) => nameStart(name, 9_937));
    expect(starts).toEqual([3768, 5380, 2880, 7845, 9004]);
  });

  it("hashes the UTF-8 bytes of the name", () => {
    const point = fc.oneof(
      fc.nat({ max: 0x7ff }),
      fc.nat({ max: 0xd7ff }),
      fc.integer({ min: 0xe000, max: 0x10ffff }),
    );
    const text = fc.array(point).map((points) => String.fromCodePoint(...points));
    fc.assert(
      fc.property(text, (name) => {
        let hash = 0x811c9dc5n;
        for (const byte of Buffer.from(name)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
        expect(nameStart(name, 2 ** 32)).toBe(Number(hash));
      }),
    );
  });

  it("spreads names evenly", () => {
    const counts = Array.from({ length: 100 }, () => 0);
    for (let i = 0; i < 10_000; i++) counts[nameStart(`service-${i}`, 100)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(150);
  });
});
