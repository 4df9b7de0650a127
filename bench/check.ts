// Before anything is timed: ours and the yardstick answer alike over a random history.

import { IPV4, IPV6, TCP, UDP } from "moorage/netstack";
import { newAllocator, newManager, newRandom } from "./implementations.ts";

/** @throws when an answer differs. */
export function checkAlike(operations: number): void {
  checkManagers(operations);
  checkAllocators(operations);
}

function checkManagers(operations: number): void {
  const random = newRandom(3);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const ours = newManager("ours", newRandom(5));
  const yardstick = newManager("yardstick", newRandom(5));
  for (const manager of [ours, yardstick]) manager.setPortRange(20000, 20063);
  for (let i = 0; i < operations; i++) {
    const reservation = {
      networks: pick([[IPV4], [IPV6], [IPV4, IPV6]]),
      transport: pick([TCP, UDP]),
      address: pick(["", "10.0.0.1", "10.0.0.2", "2001:db8::1"]),
      port: pick([0, 20000 + Math.floor(random() * 64)]),
      flags: pick([undefined, { loadBalanced: true }]),
    };
    const certain = { ...reservation, port: reservation.port || 20001 };
    const what = pick(["reserve", "reserve", "release", "release", "check"]);
    const act = (manager: typeof ours): unknown => {
      if (what === "reserve") return outcome(() => manager.reservePort(reservation));
      if (what === "release") return manager.releasePort(certain);
      return manager.isPortAvailable(certain);
    };
    expectSame(act(ours), act(yardstick), `PortManager, step ${i}: ${what} ${JSON.stringify(reservation)}`);
  }
}

function checkAllocators(operations: number): void {
  const random = newRandom(11);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const range = { begin: 30000, end: 30031 };
  const ours = newAllocator("ours", range);
  const yardstick = newAllocator("yardstick", range);
  for (let i = 0; i < operations; i++) {
    const ips = pick([["10.0.0.1"], ["10.0.0.2"], ["0.0.0.0"], ["::"], ["2001:db8::1"], ["10.0.0.1", "::"]]);
    const port = pick([0, 0, 30000 + Math.floor(random() * 32)]);
    const what = pick(["request", "request", "release", "range"]);
    const act = (allocator: typeof ours): unknown => {
      if (what === "request") return outcome(() => allocator.requestPortsInRange(ips, "tcp", port, port));
      if (what === "range") return outcome(() => allocator.requestPortsInRange(ips, "udp", 30008, 30015));
      for (const ip of ips) allocator.releasePort(ip, pick(["tcp"]), port || 30001);
      return undefined;
    };
    expectSame(act(ours), act(yardstick), `PortAllocator, step ${i}: ${what} ${ips.join(" ")} ${port}`);
  }
}

/** The port, or "refused": the two sides word their refusals differently. */
function outcome(request: () => number): number | "refused" {
  try {
    return request();
  } catch {
    return "refused";
  }
}

function expectSame(ours: unknown, yardstick: unknown, step: string): void {
  if (ours !== yardstick)
    throw new Error(`${step}: ours says ${String(ours)}, the yardstick ${String(yardstick)}`);
}
