// The shared allocator: its range and reserved ports come from kernel files, and a process has one of it.

import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it, vi } from "vitest";

import { PortAllocator } from "../../src/portallocator/index.ts";
import { get, getPortRange } from "../../src/portallocator/os/index.ts";
import { fallbackRange, RANGE_FILE } from "../../src/portallocator/os/kernel-range.ts";
import { optionsOf } from "../../src/portallocator/os/process-allocator.ts";
import { RESERVED_FILE } from "../../src/portallocator/os/reserved-ports.ts";

function files(range: string | undefined, reserved: string | undefined) {
  return (path: string): string | undefined =>
    new Map([
      [RANGE_FILE, range],
      [RESERVED_FILE, reserved],
    ]).get(path);
}

describe("the options of the shared allocator", () => {
  it("are the kernel's range and those of its reserved ports that lie in it", () => {
    const read = files("32768\t60999\n", "8080,32768-32769,60999-61010\n");
    expect(optionsOf(read, "linux")).toEqual({ begin: 32768, end: 60999, reserved: [32768, 32769, 60999] });
  });

  it("are the fallback of the platform where the files are missing or senseless", () => {
    for (const read of [files(undefined, undefined), files("", "x"), files("9\t8\n", "9-8")]) {
      expect(optionsOf(read, "linux")).toEqual({ begin: 49153, end: 65535, reserved: [] });
      expect(optionsOf(read, "freebsd")).toEqual({ begin: 49153, end: 65535, reserved: [] });
      expect(optionsOf(read, "win32")).toEqual({ begin: 60000, end: 65000, reserved: [] });
    }
  });

  it("have no reserved port when one entry of the list is wrong", () => {
    expect(optionsOf(files("100 200\n", "150,151-x"), "linux")).toEqual({
      begin: 100,
      end: 200,
      reserved: [],
    });
  });

  it("are options that an allocator takes and keeps to", () => {
    const allocator = new PortAllocator(optionsOf(files("100 102\n", "100\n"), "linux"));
    expect(allocator.requestPort(null, "tcp", 0)).toBe(101);
    expect(allocator.requestPort(null, "tcp", 100)).toBe(100);
  });
});

describe("get()", () => {
  it("answers the same allocator each time, with the range of getPortRange()", () => {
    expect(get()).toBeInstanceOf(PortAllocator);
    expect(get()).toBe(get());
    expect(getPortRange()).toEqual(get().portRange());
  });

  it("has the range that the kernel's file says, or the fallback without one", () => {
    const expected = existsSync(RANGE_FILE)
      ? readFileSync(RANGE_FILE, "utf8").trim().split(/\s+/u).map(Number)
      : Object.values(fallbackRange(process.platform));
    expect(Object.values(getPortRange())).toEqual(expected);
  });

  it("is shared by two copies of the package", async () => {
    vi.resetModules();
    const copy = await import("../../src/portallocator/os/index.ts");
    expect(copy.get).not.toBe(get);
    expect(copy.get()).toBe(get());
    const port = copy.get().requestPort("127.0.0.1", "udp", 0);
    expect(() => get().requestPort("127.0.0.1", "udp", port)).toThrow("port is already allocated");
    get().releasePort("127.0.0.1", "udp", port);
  });

  it("hangs where no loop over the global object finds it", () => {
    get();
    expect(Object.getOwnPropertyDescriptor(globalThis, Symbol.for("moorage.portallocator"))).toMatchObject({
      enumerable: false,
      writable: false,
    });
  });
});
