// What a reservation costs in bytes: the heap after a collection, with and without.

import { IPV4, TCP } from "moorage/netstack";
import { newAllocator, newManager, type Side } from "./implementations.ts";
import { someAddresses } from "./worlds.ts";

export interface MemoryCase {
  readonly id: string;
  readonly of: "PortManager" | "PortAllocator";
  readonly title: string;
  readonly addresses: number;
  readonly portsEach: number;
  /** Bytes for one reservation, at most. */
  readonly bytes: number;
}

export const MEMORY_CASES: readonly MemoryCase[] = [
  { addresses: 1000, portsEach: 1000, bytes: 12 },
  { addresses: 20, portsEach: 50_000, bytes: 1 },
  { addresses: 100_000, portsEach: 1, bytes: 250 },
].flatMap((shape) =>
  (["PortManager", "PortAllocator"] as const).map((of) => ({
    ...shape,
    of,
    id: `memory/${of}/${shape.addresses}x${shape.portsEach}`,
    title: `memory, ${shape.addresses.toLocaleString("en")} addresses × ${shape.portsEach.toLocaleString("en")} ports`,
  })),
);

/** Bytes of heap and buffers for one reservation. Needs `--expose-gc`. */
export function measureMemory(side: Side, { of, addresses, portsEach }: MemoryCase): number {
  // A first small world, so that what is made once does not count.
  const warmUp = build(side, of, someAddresses(2), 300);
  const before = usedBytes();
  const world = build(side, of, someAddresses(addresses), portsEach);
  const after = usedBytes();
  if (!warmUp || !world) throw new Error("unreachable");
  return (after - before) / (addresses * portsEach);
}

function build(side: Side, of: MemoryCase["of"], addresses: readonly string[], portsEach: number): object {
  if (of === "PortManager") {
    const manager = newManager(side);
    for (const address of addresses) {
      for (let i = 0; i < portsEach; i++) {
        manager.reservePort({ networks: [IPV4], transport: TCP, address, port: portOf(i) });
      }
    }
    return manager;
  }
  const allocator = newAllocator(side);
  for (const address of addresses) {
    for (let i = 0; i < portsEach; i++) allocator.requestPort(address, "tcp", portOf(i));
  }
  return allocator;
}

/** Spread over all ports: a stride with no factor in common with their number visits each once. */
function portOf(index: number): number {
  return 1 + ((index * 40_507) % 65_535);
}

function usedBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}
