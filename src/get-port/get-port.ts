// getPort(): the first of the wishes that nobody has, else any port, leased and locked.

import { PortError, type PortSet } from "../core/index.ts";
import type { AcquireOptions, Lease, Registry } from "../node/index.ts";
import { locksOfThisProcess } from "./locks.ts";
import { checkOptions, isPort, type Options, outside, type Wanted } from "./options.ts";

/**
 * A TCP port that nobody has: no program in the kernel, and nobody who asked Moorage, in this process or another. It
 * is leased to this process for 15 to 30 seconds (`reserve`: until the process ends), in which a server can listen on
 * it. Without a wish, or when no wish is free, it comes from the default ports of `acquire()`.
 *
 * @throws PortError `NO_PORT_AVAILABLE` when a range is full, with what its ports were refused for;
 * `INVALID_ADDRESS`; the errors of the store. TypeError or RangeError that names the option.
 * @example
 * import getPort, { portNumbers } from "moorage/get-port";
 *
 * const port = await getPort({ port: 3000 });
 * const other = await getPort({ port: portNumbers(3000, 3100) });
 */
export async function getPort(options: Options = {}): Promise<number> {
  const wanted = await checkOptions(options);
  const locks = locksOfThisProcess();
  for (;;) {
    const lease = await find(await locks.registry(), wanted, [...locks.ports()]);
    // A lock counts for its number, whatever the host: two calls at once can find one number on two of them.
    if (!locks.has(lease.port)) {
      locks.add(lease, wanted.reserve);
      return lease.port;
    }
    await lease.release();
  }
}

async function find(
  registry: Registry,
  { wishes, range, excluded, hold, address, signal }: Wanted,
  locked: readonly number[],
): Promise<Lease> {
  // With the first as the wish: ports that were refused a moment ago come last otherwise.
  const upward = (ports: PortSet): AcquireOptions => ({
    ports,
    prefer: ports.nth(0),
    selection: "first-fit",
    address,
    hold,
    signal,
  });
  if (range) {
    const ports = outside(range, excluded, locked);
    if (ports.size === 0) throw nothingLeft(range);
    return await registry.acquire(upward(ports));
  }
  for (const wish of wishes) {
    const ports = outside(wish, excluded, locked);
    if (ports.size === 0) continue;
    const attempt = await registry.tryAcquire(upward(ports));
    if (attempt.granted) return attempt.lease;
  }
  const exclude = [...excluded, ...locked].filter(isPort);
  return await registry.acquire({ exclude, address, hold, signal });
}

function nothingLeft(range: PortSet): PortError<"NO_PORT_AVAILABLE"> {
  const message = `no port available: this process has locked all of ${String(range)}, or they are excluded`;
  return new PortError("NO_PORT_AVAILABLE", message, {});
}
