// listeners(): who listens on this machine, leased or not.

import { expectSignal, type Listener, type ListenersOptions } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { expectOptions, expectPort } from "../core/expect.ts";
import { openHost } from "../host/index.ts";

/**
 * The sockets of this network namespace that take connections (TCP) or datagrams (UDP), in the order of their
 * ports, with the processes that have them. Linux only: it reads /proc (proc_pid_net(5), proc_pid_fd(5)).
 *
 * A socket that is only bound is not told, and a UDP socket that is connected is not: to tell a UDP server from a
 * client that has not connected is not possible. Root is told the owners of all sockets, anybody else those of
 * its own; `owners` of the others is empty.
 *
 * @throws PortError `HOST_UNSUPPORTED` where the system does not tell.
 * @example
 * import { listeners } from "moorage";
 *
 * for (const { protocol, address, port, owners } of await listeners({ port: 3000 })) {
 *   console.log(protocol, address, port, owners.map(({ pid, command, folder }) => [pid, command, folder]));
 * }
 */
export async function listeners(options: ListenersOptions = {}): Promise<Listener[]> {
  expectOptions("listeners", options, ["port", "signal"]);
  const port = options.port === undefined ? undefined : expectPort("port", options.port);
  expectSignal(options.signal);
  const host = openHost();
  if (!host.listeners) {
    const message = "this system does not tell who listens: only Linux does, in /proc";
    throw new PortError("HOST_UNSUPPORTED", message, { missing: "/proc/self/net" });
  }
  return await host.listeners({ port, signal: options.signal });
}
