// Ours and the yardstick answer alike over a random history: checked before anything is timed, and at length
// in the tests.
//
// Ports come from a range of 600 and cluster, so that sets of ports grow past what is kept as a list, empty
// again, and are full at times.

import { IPV4, IPV6, TCP, UDP } from "moorage/netstack";
import { newAllocator, newManager, newRandom } from "./implementations.ts";

const FIRST = 20000;
const SIZE = 600;
/** How many operations a tide takes: now more is reserved than released, now less. */
const TIDE = 5000;

/** @throws when an answer differs, with the step. */
export function checkManagers(operations: number, seed: number): void {
  const random = newRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const ours = newManager("ours", newRandom(seed + 1));
  const yardstick = newManager("yardstick", newRandom(seed + 1));
  for (const manager of [ours, yardstick]) manager.setPortRange(FIRST, FIRST + SIZE - 1);
  for (let i = 0; i < operations; i++) {
    const reservation = {
      networks: pick([[IPV4], [IPV6], [IPV4, IPV6]]),
      transport: pick([TCP, TCP, UDP]),
      address: pick(["", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1"]),
      port: random() < 0.125 ? 0 : FIRST + Math.floor(random() * SIZE),
      flags: pick([undefined, undefined, undefined, { loadBalanced: true }]),
    };
    const certain = { ...reservation, port: reservation.port || FIRST };
    const what = pick(tideAt(i) ? ["reserve", "reserve", "check"] : ["release", "release", "reserve"]);
    const act = (manager: typeof ours): unknown => {
      if (what === "reserve") return outcome(() => manager.reservePort(reservation));
      if (what === "release") return manager.releasePort(certain);
      return manager.isPortAvailable(certain);
    };
    expectSame(
      act(ours),
      act(yardstick),
      () => `PortManager, seed ${seed}, step ${i}: ${what} ${JSON.stringify(reservation)}`,
    );
  }
}

/** @throws when an answer differs, with the step. */
export function checkAllocators(operations: number, seed: number): void {
  const random = newRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const range = { begin: FIRST, end: FIRST + SIZE - 1 };
  const ours = newAllocator("ours", range);
  const yardstick = newAllocator("yardstick", range);
  for (let i = 0; i < operations; i++) {
    const ips = pick([
      ["10.0.0.1"],
      ["10.0.0.1"],
      ["10.0.0.2"],
      ["0.0.0.0"],
      ["::"],
      ["2001:db8::1", "10.0.0.2"],
    ]);
    const port = random() < 0.125 ? 0 : FIRST + Math.floor(random() * SIZE);
    const what = pick(tideAt(i) ? ["request", "request", "range"] : ["release", "release", "request"]);
    const act = (allocator: typeof ours): unknown => {
      if (what === "request") return outcome(() => allocator.requestPortsInRange(ips, "tcp", port, port));
      if (what === "range")
        return outcome(() => allocator.requestPortsInRange(ips, "tcp", FIRST + 8, FIRST + 40));
      for (const ip of ips) allocator.releasePort(ip, "tcp", port || FIRST);
      return undefined;
    };
    expectSame(
      act(ours),
      act(yardstick),
      () => `PortAllocator, seed ${seed}, step ${i}: ${what} ${ips.join(" ")} ${port}`,
    );
  }
}

function tideAt(step: number): boolean {
  return Math.floor(step / TIDE) % 2 === 0;
}

/** The port, or "refused": the two sides word their refusals differently. */
function outcome(request: () => number): number | "refused" {
  try {
    return request();
  } catch {
    return "refused";
  }
}

function expectSame(ours: unknown, yardstick: unknown, step: () => string): void {
  if (ours !== yardstick)
    throw new Error(`${step()}: ours says ${String(ours)}, the yardstick ${String(yardstick)}`);
}
