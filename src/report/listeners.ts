// Who listens on some ports, for commands that are of no use without knowing it.

import { type Listener, listeners } from "../node/index.ts";

/** @throws PortError `HOST_UNSUPPORTED` where the system does not tell who listens. */
export async function listenersOn(ports: readonly number[]): Promise<Listener[]> {
  const [first, ...others] = ports;
  if (first === undefined) return [];
  if (others.length === 0) return await listeners({ port: first });
  const wanted = new Set(ports);
  return (await listeners()).filter(({ port }) => wanted.has(port));
}
