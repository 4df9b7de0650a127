// Who listens on some ports, for commands that are of no use without knowing it.

import type { Host, Listener } from "../contract/index.ts";
import { PortError } from "../core/index.ts";

/** @throws PortError `HOST_UNSUPPORTED` where the system does not tell who listens. */
export async function listenersOn(host: Host, ports: readonly number[]): Promise<Listener[]> {
  if (!host.listeners) {
    const message = "this system does not tell who listens: that is known on Linux only";
    throw new PortError("HOST_UNSUPPORTED", message, { missing: "listeners" });
  }
  const [first, ...others] = ports;
  if (first === undefined) return [];
  if (others.length === 0) return await host.listeners({ port: first });
  const wanted = new Set(ports);
  return (await host.listeners()).filter(({ port }) => wanted.has(port));
}
