// Sets of ports beside plain sets of numbers, over random histories and around the change of representation.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PortBits } from "../../src/core/port-bits.ts";
import { PortUnion } from "../../src/core/port-union.ts";
import { anyPort, anyRun, portsOf, type Run, search, sorted } from "./bits-model.ts";

/** A run of ports that comes or goes. */
interface Change {
  readonly does: "add" | "delete";
  readonly run: Run;
}

const history = fc.array(
  fc.record({ does: fc.constantFrom("add" as const, "add" as const, "delete" as const), run: anyRun() }),
  { maxLength: 12, size: "max" },
);

describe("a set of ports and a plain set of numbers", () => {
  it("agree on what each add and delete changed", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const [bits, model] = [new PortBits(), new Set<number>()];
        for (const { does, run } of changes) {
          for (const port of portsOf(run)) {
            const changed = does === "add" ? !model.has(port) : model.has(port);
            if (does === "add") model.add(port);
            else model.delete(port);
            if (bits[does](port) !== changed) throw new Error(`${does} ${port} should say ${changed}`);
          }
          expect(bits.size).toBe(model.size);
        }
        expect([...bits]).toEqual(sorted(model));
      }),
    );
  });

  it("agree on every question", () => {
    fc.assert(
      fc.property(
        history,
        fc.array(anyPort(), { minLength: 1, maxLength: 20 }),
        anyPort(),
        (changes, asked, last) => {
          const [bits, model] = both(changes);
          const ports = sorted(model);
          for (const port of asked) {
            expect(bits.has(port)).toBe(model.has(port));
            expect(bits.nextInside(port, last)).toBe(search(port, last, (one) => model.has(one)));
            expect(bits.nth(port)).toBe(ports[port] ?? -1);
            expect(bits.nth(port % (ports.length + 1))).toBe(ports[port % (ports.length + 1)] ?? -1);
            const first = port & ~31;
            const word = portsOf({ first, length: 32 }).reduce(
              (sum, one) => sum + (model.has(one) ? 2 ** (one - first) : 0),
              0,
            );
            expect(bits.word(port >> 5) >>> 0).toBe(word);
          }
        },
      ),
    );
  });

  it("name the next word that they do not fill, or one that comes no later", () => {
    fc.assert(
      fc.property(history, anyPort(), (changes, port) => {
        const [bits, model] = both(changes);
        const index = port >> 5;
        const open = search(index, 2047, (word) =>
          portsOf({ first: word << 5, length: 32 }).some((one) => !model.has(one)),
        );
        const named = bits.nextOpenWord(index);
        expect(named).toBeGreaterThanOrEqual(index);
        expect(named).toBeLessThanOrEqual(open === -1 ? 2048 : open);
      }),
    );
  });

  it("find the first port that no set has, sparse and dense sets mixed", () => {
    fc.assert(
      fc.property(fc.array(history, { maxLength: 4 }), anyPort(), anyPort(), (histories, first, last) => {
        const pairs = histories.map(both);
        const found = nextOutside(
          pairs.map(([bits]) => bits),
          first,
          last,
        );
        expect(found).toBe(search(first, last, (port) => !pairs.some(([, model]) => model.has(port))));
      }),
    );
  });
});

describe("the change between a short list and bits", () => {
  it.each([255, 256, 257, 300])("is not to be seen with %i ports", (count) => {
    const ports = Array.from({ length: count }, (_, i) => (i * 7919) % 65536);
    const bits = PortBits.from(ports);
    expect(bits.size).toBe(count);
    expect([...bits]).toEqual(sorted(ports));
    expect(Array.from({ length: count + 1 }, (_, rank) => bits.nth(rank))).toEqual([...sorted(ports), -1]);
    expect(bits.nth(-1)).toBe(-1);
    expect(bits.add(ports[0]!)).toBe(false);
    expect(bits.size).toBe(count);
  });

  it("comes and goes as often as the set is filled and emptied", () => {
    const bits = new PortBits();
    const ports = portsOf({ first: 65000, length: 536 });
    for (let round = 0; round < 3; round++) {
      expect(ports.map((port) => bits.add(port))).toEqual(ports.map(() => true));
      expect(nextOutside([bits], 65000, 65535)).toBe(-1);
      expect(ports.map((port) => bits.delete(port))).toEqual(ports.map(() => true));
      expect([bits.size, bits.nth(0), bits.nextInside(0, 65535)]).toEqual([0, -1, -1]);
      expect(bits.delete(65000)).toBe(false);
      expect(nextOutside([bits], 65000, 65535)).toBe(65000);
      expect(bits.add(3)).toBe(true);
      expect([...bits]).toEqual([3]);
      expect(bits.delete(3)).toBe(true);
    }
  });

  it("keeps a list that is already full words when it becomes bits", () => {
    const bits = PortBits.from(portsOf({ first: 1024, length: 257 }));
    expect(bits.nextOpenWord(32)).toBe(40);
    expect(nextOutside([bits], 1024, 65535)).toBe(1281);
  });
});

describe("the search for a port that no set has", () => {
  it("finds the first port of the range when there is no set", () => {
    expect([nextOutside([], 0, 65535), nextOutside([], 77, 77), nextOutside([], 65535, 65535)]).toEqual([
      0, 77, 65535,
    ]);
  });

  it("finds nothing in a backwards range", () => {
    expect(nextOutside([], 80, 79)).toBe(-1);
    expect(nextOutside([], 80, 3)).toBe(-1);
    expect(new PortBits().nextInside(80, 79)).toBe(-1);
    expect(PortBits.from(portsOf({ first: 0, length: 400 })).nextInside(80, 3)).toBe(-1);
  });

  it("steps over full groups of one set that go on in another", () => {
    const low = PortBits.from(portsOf({ first: 0, length: 40_000 }));
    const high = PortBits.from(portsOf({ first: 39_990, length: 65_536 - 39_990 }));
    expect(nextOutside([low, high], 0, 65535)).toBe(-1);
    expect(nextOutside([high, low], 5, 65535)).toBe(-1);
    high.delete(65535);
    expect(nextOutside([low, high], 0, 65535)).toBe(65535);
    expect(nextOutside([low, high], 0, 65534)).toBe(-1);
    low.delete(0);
    expect(nextOutside([high, low], 0, 65535)).toBe(0);
    expect(nextOutside([high, low], 1, 65535)).toBe(65535);
  });

  it("sees a word that only several sets together fill", () => {
    const even = PortBits.from(portsOf({ first: 0, length: 2048 }).filter((port) => port % 2 === 0));
    const odd = PortBits.from(portsOf({ first: 0, length: 512 }).filter((port) => port % 2 === 1));
    expect(nextOutside([even, odd], 0, 65535)).toBe(513);
    expect(nextOutside([even, odd], 514, 516)).toBe(515);
    expect(nextOutside([even, odd], 514, 514)).toBe(-1);
  });

  it("crosses the whole space when every port is taken", () => {
    const all = PortBits.from(portsOf({ first: 0, length: 65536 }));
    expect([all.size, all.nth(0), all.nth(65535), all.nth(65536)]).toEqual([65536, 0, 65535, -1]);
    expect(all.nextOpenWord(0)).toBe(2048);
    expect(nextOutside([all], 0, 65535)).toBe(-1);
    expect([...all]).toHaveLength(65536);
    all.delete(31_999);
    expect(nextOutside([all], 0, 65535)).toBe(31_999);
    expect(nextOutside([all], 32_000, 65535)).toBe(-1);
  });
});

function both(changes: readonly Change[]): [PortBits, Set<number>] {
  const [bits, model] = [new PortBits(), new Set<number>()];
  for (const { does, run } of changes) {
    for (const port of portsOf(run)) {
      bits[does](port);
      model[does](port);
    }
  }
  return [bits, model];
}

function nextOutside(sets: Iterable<PortBits>, first: number, last: number): number {
  return PortUnion.of(sets).nextOutside(first, last);
}

describe("a range", () => {
  it.each([
    [[], 5, 5],
    [[], 0, 255],
    [[], 0, 256],
    [[], 31, 1000],
    [[], 32, 1023],
    [[], 0, 65_535],
    [[70], 33, 5000],
    [[1, 64, 65, 96, 9000], 64, 4000],
    [Array.from({ length: 300 }, (_, at) => at * 3), 100, 700],
  ])("beside %j, from %d to %d, is the same as its ports one by one", (before, first, last) => {
    const bits = PortBits.from(before);
    bits.addRange(first, last);
    const oneByOne = PortBits.from(before);
    for (let port = first; port <= last; port++) oneByOne.add(port);
    expect([...bits]).toEqual([...oneByOne]);
    expect(bits.size).toBe(oneByOne.size);
    for (const port of [first, last, 0, 31, 32, 65_535]) {
      expect(nextOutside([bits], port, 65_535)).toBe(nextOutside([oneByOne], port, 65_535));
    }
  });
});

describe("a copy", () => {
  it.each([[[]], [[7]], [[7, 8, 900]], [Array.from({ length: 1000 }, (_, at) => at)]])(
    "of %j goes its own way",
    (ports) => {
      const bits = PortBits.from(ports);
      const copy = bits.copy();
      bits.add(40_000);
      copy.add(50_000);
      if (ports.length > 0) copy.delete(ports[0]!);
      expect([...bits]).toEqual([...ports, 40_000]);
      expect([...copy]).toEqual([...ports.slice(1), 50_000]);
    },
  );
});
