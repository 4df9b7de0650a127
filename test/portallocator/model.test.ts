// Random histories against a model that is as plain as possible: a set of numbers and a cursor for each
// address and range, and a walk over every port of a range.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { PortError } from "../../src/core/errors.ts";
import { PortAllocator, type Protocol } from "../../src/portallocator/index.ts";

const BEGIN = 100;
const END = 105;
const RESERVED = [101, 104];

/** Every spelling with the address it means. */
const MEANING: Readonly<Record<string, string>> = {
  "0.0.0.0": "0.0.0.0",
  "10.0.0.1": "10.0.0.1",
  "::ffff:10.0.0.1": "10.0.0.1",
  "10.0.0.2": "10.0.0.2",
  "::": "::",
  "2001:db8::1": "2001:db8::1",
  "2001:DB8:0::1": "2001:db8::1",
  "2001:db8::2": "2001:db8::2",
};

/** What the model says: a port, or a refusal with the addresses that may be named. */
type Answer = number | { readonly code: string; readonly holders: readonly string[] };

class Model {
  readonly taken = new Map<string, Set<number>>();
  readonly cursors = new Map<string, number>();

  request(ips: readonly string[], protocol: Protocol, start: number, end: number): Answer {
    const [first, last] = start === 0 ? [BEGIN, END] : [start, end];
    if (start !== 0 && start === end) {
      const holders = this.holders(ips, protocol, start);
      if (holders.length > 0) return { code: "PORT_IN_USE", holders };
      this.take(ips, protocol, start);
      return start;
    }
    const cursor = this.cursors.get(`${protocol} ${ips[0]!} ${first}-${last}`) ?? last;
    for (let step = 1; step <= last - first + 1; step++) {
      const port = first + ((cursor - first + step) % (last - first + 1));
      if (start === 0 && RESERVED.includes(port)) continue;
      if (this.holders(ips, protocol, port).length > 0) continue;
      this.take(ips, protocol, port);
      for (const ip of ips) this.cursors.set(`${protocol} ${ip} ${first}-${last}`, port);
      return port;
    }
    return { code: "NO_PORT_AVAILABLE", holders: [] };
  }

  release(ip: string, protocol: Protocol, port: number): void {
    this.taken.get(`${protocol} ${ip}`)?.delete(port);
  }

  /** The addresses that hold the port and stand in the way of one of the list. */
  holders(ips: readonly string[], protocol: Protocol, port: number): string[] {
    const holding = [...new Set(Object.values(MEANING))].filter((ip) =>
      this.taken.get(`${protocol} ${ip}`)?.has(port),
    );
    return holding.filter((holder) => ips.some((ip) => meet(holder, ip)));
  }

  take(ips: readonly string[], protocol: Protocol, port: number): void {
    for (const ip of ips) {
      const key = `${protocol} ${ip}`;
      this.taken.set(key, (this.taken.get(key) ?? new Set()).add(port));
    }
  }
}

function meet(a: string, b: string): boolean {
  if (a.includes(":") !== b.includes(":")) return false;
  return a === b || [a, b].some((ip) => ip === "0.0.0.0" || ip === "::");
}

const protocol = fc.constantFrom<Protocol>("tcp", "tcp", "tcp", "tcp", "udp", "sctp");
const ip = fc.constantFrom(...Object.keys(MEANING));
const ipOrNull = fc.option(ip, { freq: 8 });
const port = fc.integer({ min: 98, max: 107 });
const range = fc.oneof(
  fc.constantFrom([0, 0], [BEGIN, END], [103, 107], [BEGIN, END - 1], [65534, 65535], [1, 2]),
  fc.tuple(port, port).map((pair) => pair.toSorted((a, b) => a - b)),
);

const one = fc.record({ call: fc.constant("one" as const), ip: ipOrNull, protocol, range });
const exact = fc.record({
  call: fc.constant("exact" as const),
  ip: ipOrNull,
  protocol,
  port: fc.oneof(port, fc.constant(0)),
});
const list = fc.record({
  call: fc.constant("list" as const),
  ips: fc.array(ip, { minLength: 1, maxLength: 4 }),
  protocol,
  range,
});
const release = fc.record({ call: fc.constant("release" as const), ip: ipOrNull, protocol, port });
const all = fc.record({ call: fc.constant("all" as const) });

/** Everything is released now and then only: cursors and marks need a history to differ in. */
const step = fc.oneof(
  { arbitrary: one, weight: 12 },
  { arbitrary: exact, weight: 6 },
  { arbitrary: list, weight: 8 },
  { arbitrary: release, weight: 24 },
  { arbitrary: all, weight: 1 },
);
const history = fc.array(step, { minLength: 1, maxLength: 150, size: "max" });

describe("any history of calls", () => {
  it("gives the ports, and the refusals, that the plain model gives", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(history, (calls) => {
        const allocator = new PortAllocator({ begin: BEGIN, end: END, reserved: RESERVED });
        let model = new Model();
        for (const call of calls) {
          if (call.call === "all") {
            allocator.releaseAll();
            model = new Model();
          } else if (call.call === "release") {
            allocator.releasePort(call.ip, call.protocol, call.port);
            model.release(meaning(call.ip), call.protocol, call.port);
          } else if (call.call === "list") {
            const [start, end] = call.range as [number, number];
            expectSame(
              () => allocator.requestPortsInRange(call.ips, call.protocol, start, end),
              model.request(call.ips.map(meaning), call.protocol, start, end),
              start,
            );
          } else if (call.call === "one") {
            const [start, end] = call.range as [number, number];
            expectSame(
              () => allocator.requestPortInRange(call.ip, call.protocol, start, end),
              model.request([meaning(call.ip)], call.protocol, start, end),
              start,
            );
          } else {
            expectSame(
              () => allocator.requestPort(call.ip, call.protocol, call.port),
              model.request([meaning(call.ip)], call.protocol, call.port, call.port),
              call.port,
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

function meaning(text: string | null): string {
  return MEANING[text ?? "0.0.0.0"]!;
}

function expectSame(request: () => number, answer: Answer, wanted: number): void {
  const holders = typeof answer === "number" ? [] : answer.holders;
  expect(outcome(request, holders)).toEqual(
    typeof answer === "number" || answer.code !== "PORT_IN_USE"
      ? answer
      : { code: answer.code, holders, port: wanted },
  );
}

/** A port, or a refusal; its holders are those of the model if it names one of them. */
function outcome(request: () => number, holders: readonly string[]): unknown {
  try {
    return request();
  } catch (error) {
    if (!PortError.is(error)) throw error;
    if (error.code !== "PORT_IN_USE") return { code: error.code, holders: [] };
    const named = holders.includes(error.address) ? holders : [error.address];
    return { code: error.code, holders: named, port: error.port };
  }
}
