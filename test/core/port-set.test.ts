// Ports as people write them: what is accepted, what is refused and where, and the set that comes of it.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PortError } from "../../src/core/errors.ts";
import { parsePort, PortSet } from "../../src/core/port-set.ts";

describe("a text of ports", () => {
  it.each<[string, string, number]>([
    ["80", "80", 1],
    ["1", "1", 1],
    ["65535", "65535", 1],
    ["1-65535", "1-65535", 65535],
    ["3000-3000", "3000", 1],
    ["3000-3999,!3306", "3000-3305,3307-3999", 999],
    ["!3306,3000-3999", "3000-3305,3307-3999", 999],
    ["1-65535,!1-1023", "1024-65535", 64512],
    ["1-65535,!1,!65535", "2-65534", 65533],
    ["3000-3010,!3003-3005,!3004-3007", "3000-3002,3008-3010", 6],
    ["80,!80-90,85,100", "100", 1],
    ["80,80,80-81", "80-81", 2],
    ["3000-3002,3001-3004", "3000-3004", 5],
    ["3002,3001,3000", "3000-3002", 3],
    ["8080,80,443", "80,443,8080", 3],
    ["80,!9999", "80", 1],
  ])("%s says %s", (text, canonical, size) => {
    const ports = PortSet.parse(text);
    expect(String(ports)).toBe(canonical);
    expect(JSON.stringify([ports])).toBe(JSON.stringify([canonical]));
    expect(ports.size).toBe(size);
    expect([...ports]).toHaveLength(size);
  });

  it.each([
    ["", 0, "expected a digit"],
    [" ", 0, '" " is not a digit'],
    ["80 ", 2, '" " is not a digit'],
    [" 80", 0, '" " is not a digit'],
    ["+80", 0, '"+" is not a digit'],
    ["-80", 0, '"-" is not a digit'],
    ["-1", 0, '"-" is not a digit'],
    ["8e3", 1, '"e" is not a digit'],
    ["0x50", 1, '"x" is not a digit'],
    ["80.0", 2, '"." is not a digit'],
    ["８０", 0, '"８" is not a digit'],
    ["8😀", 1, '"😀" is not a digit'],
    ["080", 0, "a port has no leading zero"],
    ["00", 0, "a port has no leading zero"],
    ["0", 0, "0 is not from 1 to 65535"],
    ["65536", 0, "65536 is not from 1 to 65535"],
    ["99999999999999999999", 0, "99999999999999999999 is not from 1 to 65535"],
  ])("%j is not a port", (input, position, reason) => {
    const expected = { code: "INVALID_PORT", input, position };
    const message = `invalid port ${JSON.stringify(input)}: ${reason} (at position ${position})`;
    expect(thrownBy(() => PortSet.parse(input))).toMatchObject({ ...expected, message });
    expect(thrownBy(() => parsePort(input))).toMatchObject({ ...expected, message });
  });

  it.each([
    [",", 0],
    ["80,", 3],
    [",80", 0],
    ["80,,90", 3],
    ["80, 90", 3],
    ["80;90", 2],
    ["1-", 2],
    ["3000-", 5],
    ["3000--3001", 5],
    ["3000-3001-3002", 9],
    ["3000 - 3001", 4],
    ["3000-03001", 5],
    ["0-10", 0],
    ["10-65536", 3],
    ["80,443,070", 7],
    ["!", 1],
    ["80,!", 4],
    ["80,!!90", 4],
    ["80,!0", 4],
    ["80,! 90", 4],
    ["80,!90-", 7],
    ["--1", 0],
  ])("%j is refused at %i", (input, position) => {
    expect(thrownBy(() => PortSet.parse(input))).toMatchObject({ code: "INVALID_PORT", input, position });
  });

  it.each([
    ["3000-2000", "invalid port range", "3000 is larger than 2000"],
    ["80,3000-2999", "invalid port range", "3000 is larger than 2999"],
    ["80,!2-1", "invalid port range", "2 is larger than 1"],
    ["!3306", "invalid ports", "write 1-65535 before it to mean all others"],
    ["!1-65535", "invalid ports", "write 1-65535 before it to mean all others"],
    ["3306,!3306", "invalid ports", "no port is left"],
    ["80-90,!1-85,!86-65535", "invalid ports", "no port is left"],
  ])("%j is no range of ports", (input, start, reason) => {
    const error = thrownBy(() => PortSet.parse(input)) as PortError;
    expect(error).toMatchObject({ code: "INVALID_PORT_RANGE", input });
    expect(error.message).toContain(`${start} ${JSON.stringify(input)}: `);
    expect(error.message).toContain(reason);
  });

  it.each([80, undefined, null, ["80"]])("%j is a misuse", (value) => {
    expect(() => PortSet.parse(value as unknown as string)).toThrow(
      /^`ports`: expected a string, received /u,
    );
    expect(() => parsePort(value as unknown as string)).toThrow(/^`port`: expected a string, received /u);
    expect(() => PortSet.parse(value as unknown as string)).toThrow(TypeError);
  });

  it("of one port is that number", () => {
    expect(["1", "80", "65535"].map(parsePort)).toEqual([1, 80, 65535]);
  });

  it("comes back the same from the set it says", () => {
    fc.assert(
      fc.property(anyPorts(), (ports) => {
        const set = PortSet.of(ports);
        expect([...PortSet.parse(String(set))]).toEqual([...set]);
        expect(String(PortSet.parse(String(set)))).toBe(String(set));
        expect([...set]).toEqual([...new Set(ports)].toSorted((a, b) => a - b));
      }),
    );
  });

  it("means its inclusions without its exclusions, in whatever order they stand", () => {
    const end = fc.integer({ min: 1, max: 65535 });
    const item = fc.record({ negated: fc.boolean(), from: end, length: fc.nat({ max: 400 }) });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), (items) => {
        const expected = new Set<number>();
        const texts: string[] = [];
        for (const { negated, from, length } of [...items].toSorted(
          (a, b) => Number(a.negated) - Number(b.negated),
        )) {
          const to = Math.min(from + length, 65535);
          for (let port = from; port <= to; port++) {
            if (negated) expected.delete(port);
            else expected.add(port);
          }
        }
        for (const { negated, from, length } of items) {
          texts.push(`${negated ? "!" : ""}${from}-${Math.min(from + length, 65535)}`);
        }
        fc.pre(expected.size > 0);
        expect([...PortSet.parse(texts.join(","))]).toEqual([...expected].toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("a set of ports", () => {
  it("of numbers refuses what is not a port, and nothing at all", () => {
    expect([...PortSet.of(new Set([443, 80]))]).toEqual([80, 443]);
    expect(() => PortSet.of([80, 0])).toThrow(RangeError);
    expect(() => PortSet.of([65536])).toThrow(
      /`ports`: expected a whole number from 1 to 65535, received 65536/u,
    );
    expect(() => PortSet.of(["80"] as unknown as number[])).toThrow(TypeError);
    expect(thrownBy(() => PortSet.of([]))).toMatchObject({ code: "INVALID_PORT_RANGE" });
  });

  it("of a range has both its ends, and is not backwards", () => {
    expect([...PortSet.range(3000, 3002)]).toEqual([3000, 3001, 3002]);
    expect([...PortSet.range(65535, 65535)]).toEqual([65535]);
    expect(PortSet.range(1, 65535).size).toBe(65535);
    expect(thrownBy(() => PortSet.range(81, 80))).toMatchObject({
      code: "INVALID_PORT_RANGE",
      input: "81-80",
    });
    expect(() => PortSet.range(0, 80)).toThrow(/`first`/u);
    expect(() => PortSet.range(80, 65536)).toThrow(/`last`/u);
    expect(() => PortSet.range(80, 90.5)).toThrow(RangeError);
  });

  it.each(["80,90", "1-60000"])("%s has none of what is not a port", (text) => {
    const ports = PortSet.parse(text);
    const notPorts = [
      0,
      -1,
      65536,
      80.5,
      2 ** 32 + 80,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "80" as unknown as number,
    ];
    expect(notPorts.map((value) => ports.has(value))).toEqual(notPorts.map(() => false));
    expect(ports.has(80)).toBe(true);
  });

  it("finds the next port at or after a number, from 0 to past the last port", () => {
    const ports = PortSet.parse("80-81,65535");
    expect([0, 79, 80, 81, 82, 65535].map((port) => ports.next(port))).toEqual([
      80, 80, 80, 81, 65535, 65535,
    ]);
    expect(ports.next(65536)).toBeUndefined();
    expect(PortSet.parse("80").next(81)).toBeUndefined();
    for (const value of [-1, 65537, 80.5, Number.NaN]) {
      expect(() => ports.next(value)).toThrow(/`port`: expected a whole number from 0 to 65536/u);
    }
  });

  it("finds the port of a rank, and refuses a rank it does not have", () => {
    const ports = PortSet.parse("80-81,443");
    expect([0, 1, 2].map((rank) => ports.nth(rank))).toEqual([80, 81, 443]);
    for (const rank of [-1, 3, 0.5, Number.NaN]) {
      expect(() => ports.nth(rank)).toThrow(/`rank`: expected a whole number from 0 to 2, received/u);
    }
    expect(() => ports.nth("1" as unknown as number)).toThrow(TypeError);
  });

  it("without some ports is another set, the first one stays", () => {
    const ports = PortSet.parse("80-85");
    const rest = ports.without([0, 80, 83, 9999]);
    expect(String(rest)).toBe("81-82,84-85");
    expect(String(ports)).toBe("80-85");
    expect(ports.without(ports).size).toBe(0);
    expect(String(ports.without(ports))).toBe("");
    for (const value of [80.5, 65536, -1]) {
      expect(() => PortSet.parse("1-60000").without([value])).toThrow(
        /`ports`: expected a whole number from 0/u,
      );
    }
  });

  it("agrees with a plain list about next, nth, has and without", () => {
    fc.assert(
      fc.property(
        anyPorts(),
        anyPorts(),
        fc.integer({ min: 0, max: 65536 }),
        fc.nat(),
        (some, others, port, any) => {
          const set = PortSet.of(some);
          const sorted = [...new Set(some)].toSorted((a, b) => a - b);
          const rank = any % sorted.length;
          expect(set.next(port)).toBe(sorted.find((one) => one >= port));
          expect(set.nth(rank)).toBe(sorted[rank]);
          expect(set.has(port)).toBe(sorted.includes(port));
          expect([...set.without(others)]).toEqual(sorted.filter((one) => !others.includes(one)));
        },
      ),
    );
  });
});

/** Ports in runs and single ones, from a few to several hundred. */
function anyPorts(): fc.Arbitrary<number[]> {
  const run = fc
    .record({
      first: fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 65400, 65535)),
      length: fc.integer({ min: 1, max: 200 }),
    })
    .map(({ first, length }) => Array.from({ length }, (_, i) => first + i).filter((port) => port <= 65535));
  return fc.array(run, { minLength: 1, maxLength: 5 }).map((runs) => runs.flat());
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
