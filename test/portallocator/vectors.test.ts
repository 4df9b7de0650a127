// Replays the recorded cases of the container engine's allocator, the newest version and the documented one.
//
// Not replayed, each for one reason: `count` counts the original's inner entries; the release of the raw
// address `hex:0102` succeeds there, where a text that says no address is refused; cases marked as quirks have
// tests of their own (quirks.test.ts). `dump` is replayed from outside: what it lists must be held, nothing
// else may be, and the next search must start behind each cursor.

import { describe, expect, it } from "vitest";

import { type AnyPortError, PortError } from "../../src/core/errors.ts";
import { PortAllocator, type Protocol } from "../../src/portallocator/index.ts";
import { effectiveRange, fallbackRange, parseRange } from "../../src/portallocator/os/kernel-range.ts";
import { parseReservedPorts } from "../../src/portallocator/os/reserved-ports.ts";
import { type Case, CASES, type Entry, expectNumber, resolve, type Saved, type Step } from "./vectors.ts";

/** Kernel texts whose numbers are no range of ports: the original uses them, we fall back. */
const SENSELESS = ["60000\t50000\n", "-5\t70000\n"];
const FALLBACK = { begin: 49153, end: 65535 };
const WILDCARDS = ["0.0.0.0", "::"];

describe("the recorded cases", () => {
  it.each(CASES.filter(({ quirk }) => quirk !== true))("$name", (recorded) => {
    expect.hasAssertions();
    replay(recorded, recorded.steps);
  });
});

/** Runs the steps in a fresh allocator and hands it back. */
function replay(recorded: Case, steps: readonly Step[]): PortAllocator {
  let allocator = new PortAllocator(recorded.config);
  const saved: Saved = new Map();
  for (const [at, step] of steps.entries()) {
    for (let i = 0; i < (step.repeat ?? 1); i++) {
      const args = Object.fromEntries(
        Object.entries(step.args ?? {}).map(([key, value]) => [key, resolve(value, saved, i)]),
      ) as unknown as Arguments;
      if (step.op === "new") allocator = new PortAllocator(args);
      else if (step.op === "dump") expectDump(replay(recorded, steps.slice(0, at)), entriesOf(step));
      else run(allocator, step, args, saved, i);
    }
  }
  return allocator;
}

interface Arguments {
  readonly ip: string | null;
  readonly ips: readonly string[];
  readonly proto: Protocol;
  readonly port: number;
  readonly start: number;
  readonly end: number;
  readonly begin: number;
  readonly text: string;
}

function run(allocator: PortAllocator, step: Step, args: Arguments, saved: Saved, i: number): void {
  const { proto, port, start, end, begin, text } = args;
  const expected = step.expect ?? {};
  const ip = asText(args.ip);
  switch (step.op) {
    case "request":
      return expectPort(() => allocator.requestPort(ip, proto, port), expected, saved, i);
    case "request_range":
      return expectPort(() => allocator.requestPortInRange(ip, proto, start, end), expected, saved, i);
    case "request_ranges": {
      const ips = args.ips.map(asText) as string[];
      return expectPort(() => allocator.requestPortsInRange(ips, proto, start, end), expected, saved, i);
    }
    case "release":
      if (args.ip !== "hex:0102") allocator.releasePort(ip, proto, port);
      return;
    case "read_range":
      expect(parseRange(text)).toEqual("err" in expected ? undefined : expected);
      return;
    case "effective_range":
      expect(effectiveRange(text, fallbackRange("linux"))).toEqual(
        SENSELESS.includes(text) ? FALLBACK : expected,
      );
      return;
    case "parse_reserved":
      expect(parseReservedPorts(text, { begin, end })).toEqual(expected["ports"]);
      return;
    case "count":
      return;
    default:
      throw new Error(`unknown step ${step.op}`);
  }
}

/** Raw addresses as text: none at all is "", and two bytes are as little an address as "0102". */
function asText(ip: string | null | undefined): string | null {
  return ip?.startsWith("hex:") ? ip.slice(4) : (ip ?? null);
}

function expectPort(
  request: () => number,
  expected: NonNullable<Step["expect"]>,
  saved: Saved,
  i: number,
): void {
  if (typeof expected["code"] !== "string") {
    expectNumber(request(), expected["port"], saved, i);
    return;
  }
  const text = typeof expected["err"] === "string" ? expected["err"] : "";
  const error = refusal(request);
  expect(error.code).toBe(codeOf(expected["code"], text));
  if (error.code === "UNKNOWN_PROTOCOL") expect(error.message).toContain(text);
  else if (error.code !== "INVALID_ADDRESS" && text !== "") expect(error.message).toBe(text);
  if (error.code === "PORT_IN_USE" && expected["holders"] !== undefined) {
    expect(expected["holders"]).toContain(error.address);
    expect(error.message).toBe(`Bind for ${error.address}:${error.port} failed: port is already allocated`);
  }
}

function codeOf(code: string, text: string): AnyPortError["code"] {
  if (code === "unknown_protocol") return "UNKNOWN_PROTOCOL";
  if (code === "already_allocated") return "PORT_IN_USE";
  if (code === "all_allocated") return "NO_PORT_AVAILABLE";
  return text.startsWith("invalid port range") ? "INVALID_PORT_RANGE" : "INVALID_ADDRESS";
}

function refusal(request: () => unknown): AnyPortError {
  try {
    request();
  } catch (error) {
    if (PortError.is(error)) return error;
    throw error;
  }
  throw new Error("the request was granted");
}

function entriesOf(step: Step): Entry[] {
  return step.expect?.["entries"] as Entry[];
}

function expectDump(allocator: PortAllocator, entries: readonly Entry[]): void {
  const wildcards = entries.filter(({ ip }) => WILDCARDS.includes(ip));
  const specific = entries.filter(({ ip }) => !WILDCARDS.includes(ip));
  // An address that holds nothing sees what the wildcard holds, and only that.
  for (const entry of wildcards)
    expectRefused(allocator, entry, entry.ip === "::" ? "2001:db8::9" : "10.9.9.9");
  releaseEntries(allocator, wildcards);
  for (const entry of specific) expectRefused(allocator, entry, entry.ip);
  releaseEntries(allocator, specific);
  for (const entry of entries) {
    if (WILDCARDS.includes(entry.ip)) expectRefused(allocator, { ...entry, ports: [] }, entry.ip);
    for (const [range, last] of Object.entries(entry.last)) {
      const [first, end] = range.split("-").map(Number) as [number, number];
      const next = allocator.requestPortInRange(entry.ip, entry.proto as Protocol, first, end);
      if (first !== end)
        expect([entry.ip, range, next]).toEqual([entry.ip, range, last === end ? first : last + 1]);
      allocator.releasePort(entry.ip, entry.proto as Protocol, next);
    }
  }
}

/** Checks that `ip` is refused the ports of the entry, and nothing else of the ports that the cases use. */
function expectRefused(allocator: PortAllocator, entry: Entry, ip: string): void {
  const proto = entry.proto as Protocol;
  const candidates = new Set([...Array.from({ length: 320 }, (_, index) => index + 1), ...entry.ports]);
  const refused = [...candidates].filter((port) => {
    try {
      allocator.releasePort(ip, proto, allocator.requestPort(ip, proto, port));
      return false;
    } catch {
      return true;
    }
  });
  expect([entry.ip, proto, refused]).toEqual([entry.ip, proto, [...entry.ports]]);
}

function releaseEntries(allocator: PortAllocator, entries: readonly Entry[]): void {
  for (const { ip, proto, ports } of entries) {
    for (const port of ports) allocator.releasePort(ip, proto as Protocol, port);
  }
}
