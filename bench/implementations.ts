// Ours and the yardstick, by the names of the columns.

import { PortManager } from "moorage/netstack";
import { PortAllocator } from "moorage/portallocator";
import { YardstickPortAllocator } from "./yardstick/port-allocator.ts";
import { YardstickPortManager } from "./yardstick/port-manager.ts";

export type Side = "ours" | "yardstick";

export type Manager = Pick<
  YardstickPortManager,
  "isPortAvailable" | "reservePort" | "releasePort" | "setPortRange"
>;
export type Allocator = Pick<YardstickPortAllocator, "requestPort" | "requestPortsInRange" | "releasePort">;

/** A manager whose searches start at the same places on either side. */
export function newManager(side: Side, random: () => number = newRandom(1)): Manager {
  return side === "ours" ? new PortManager({ random }) : new YardstickPortManager({ random });
}

export function newAllocator(side: Side, range: { begin?: number; end?: number } = {}): Allocator {
  return side === "ours" ? new PortAllocator(range) : new YardstickPortAllocator(range);
}

/** Numbers from 0 to below 1, the same ones for the same seed (xorshift32); made without allocating. */
export function newRandom(seed: number): () => number {
  const state = Int32Array.of(seed);
  return () => {
    let next = state[0]!;
    next ^= next << 13;
    next ^= next >>> 17;
    next ^= next << 5;
    state[0] = next;
    return (next >>> 0) / 2 ** 32;
  };
}
