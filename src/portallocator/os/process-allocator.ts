// The allocator that everything in a process shares, with the kernel's range and reserved ports.
//
// It is the one exception to "no state outside of objects", and it hangs on the global object: two copies of
// this package in one program would otherwise give the same port out twice. Kernel files are read here only.

import { readFileSync } from "node:fs";

import { PortAllocator, type PortAllocatorOptions } from "../port-allocator.ts";
import { effectiveRange, fallbackRange, RANGE_FILE } from "./kernel-range.ts";
import { parseReservedPorts, RESERVED_FILE } from "./reserved-ports.ts";

const SHARED: unique symbol = Symbol.for("moorage.portallocator");

/**
 * The allocator of this process: its range and its reserved ports are the kernel's, read at the first call.
 * Where the kernel has no such file or a senseless one, the range is 49153–65535 (60000–65000 on Windows)
 * and no port is reserved. Worker threads have one each.
 *
 * @example
 * const port = get().requestPort("127.0.0.1", "tcp", 0);
 */
export function get(): PortAllocator {
  const place = globalThis as { [SHARED]?: PortAllocator };
  const shared = place[SHARED];
  if (shared) return shared;
  const value = new PortAllocator(optionsOf(readText, process.platform));
  Object.defineProperty(place, SHARED, { value });
  return value;
}

/**
 * The first and the last port that `get()` gives out when none is named.
 *
 * @example
 * getPortRange(); //=> { begin: 32768, end: 60999 }
 */
export function getPortRange(): { begin: number; end: number } {
  return get().portRange();
}

/** What the kernel's files say, by `read`, which answers `undefined` for a file it cannot read. */
export function optionsOf(
  read: (path: string) => string | undefined,
  platform: string,
): Required<PortAllocatorOptions> {
  const range = effectiveRange(read(RANGE_FILE), fallbackRange(platform));
  return { ...range, reserved: parseReservedPorts(read(RESERVED_FILE) ?? "", range) ?? [] };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
