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

/** Numbers from 0 to below 1, the same ones for the same seed (xorshift32). */
export function newRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
