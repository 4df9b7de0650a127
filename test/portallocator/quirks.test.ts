// Where the original has a defect or an accident, this is what happens here instead; one test each.

import { describe, expect, it } from "vitest";

import { PortAllocator, type Protocol } from "../../src/portallocator/index.ts";
import { effectiveRange, fallbackRange } from "../../src/portallocator/os/kernel-range.ts";
import { CASES } from "./vectors.ts";

const IP = "10.0.0.1";

describe("in place of the original's quirks", () => {
  it("covers every case that is marked as one", () => {
    expect(CASES.filter(({ quirk }) => quirk === true).map(({ name }) => name)).toEqual([
      "port numbers are not bounded here",
      "release with an unknown protocol",
      "a range that is upside down",
      "release all after the kernel range changed",
    ]);
  });

  it("a port outside 1-65535 is refused, and 65535 is the last one", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    for (const port of [65536, 70000, -5]) {
      expect(() => allocator.requestPort(IP, "tcp", port)).toThrow(
        expect.objectContaining({
          code: "INVALID_PORT_RANGE",
          message: `invalid port range: ${port}-${port}`,
        }),
      );
    }
    for (const [start, end] of [
      [-3, -1],
      [-2, 1],
      [65535, 65537],
    ] as const) {
      expect(() => allocator.requestPortInRange(IP, "tcp", start, end)).toThrow(
        expect.objectContaining({ code: "INVALID_PORT_RANGE", input: `${start}-${end}` }),
      );
    }
    expect(allocator.requestPort(IP, "tcp", 65535)).toBe(65535);
    expect(allocator.requestPort(IP, "tcp", 1)).toBe(1);
  });

  it("a release with an unknown protocol is refused, whether the address is known or not", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    allocator.requestPort(IP, "tcp", 5);
    for (const ip of ["10.9.9.9", IP]) {
      expect(() => allocator.releasePort(ip, "icmp" as Protocol, 5)).toThrow(
        expect.objectContaining({ code: "UNKNOWN_PROTOCOL", input: "icmp" }),
      );
    }
    expect(() => allocator.requestPort(IP, "tcp", 5)).toThrow(
      expect.objectContaining({ code: "PORT_IN_USE" }),
    );
  });

  it("a range that is upside down is refused by the constructor and not taken from the kernel", () => {
    expect(() => new PortAllocator({ begin: 60000, end: 50000 })).toThrow(
      expect.objectContaining({
        code: "INVALID_PORT_RANGE",
        message: "invalid port range: 60000-50000",
      }),
    );
    expect(effectiveRange("60000\t50000\n", fallbackRange("linux"))).toEqual({
      begin: 49153,
      end: 65535,
    });
  });

  it("kernel numbers outside 1-65535 are not taken either", () => {
    for (const text of ["-5\t70000\n", "0\t100\n", "60000\t65536\n"]) {
      expect(effectiveRange(text, fallbackRange("linux"))).toEqual({ begin: 49153, end: 65535 });
    }
  });

  it("after a release of everything all addresses go on with the one range of the allocator", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    allocator.requestPort(IP, "tcp", 0);
    allocator.releaseAll();
    expect(allocator.portRange()).toEqual({ begin: 100, end: 105 });
    expect(allocator.requestPort("0.0.0.0", "tcp", 0)).toBe(100);
    expect(allocator.requestPort("::", "tcp", 0)).toBe(100);
    expect(allocator.requestPort(IP, "tcp", 0)).toBe(101);
    expect(allocator.requestPort("10.0.0.2", "tcp", 0)).toBe(101);
    expect(allocator.requestPortsInRange([IP, "0.0.0.0"], "tcp", 0, 0)).toBe(102);
    expect(allocator.requestPort("0.0.0.0", "tcp", 0)).toBe(103);
  });
});
