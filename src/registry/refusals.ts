// What a refused caller is told: why, who, and what to do next.

import type { Claim } from "../contract/index.ts";
import { type HolderDescription, PortError, type RefusalCounts } from "../core/index.ts";
import type { Request } from "./request.ts";

/** "node server.js (pid 42)". */
export function formatHolder({ command, pid }: HolderDescription): string {
  return command ? `${command} (pid ${pid})` : `pid ${pid}`;
}

export function formatPorts(ports: readonly number[]): string {
  return `${ports.length === 1 ? "port" : "ports"} ${ports.join(", ")}`;
}

export function nameHeld(
  name: string,
  ports: readonly number[],
  { holder }: Claim,
  mine: boolean,
): PortError<"NAME_HELD"> {
  const already = mine ? " already, with other ports, another address or protocol than asked for" : "";
  const message =
    `${JSON.stringify(name)} (${formatPorts(ports)}) is held by ${formatHolder(holder)}${already}; ` +
    "choose another name, or release it first";
  return new PortError("NAME_HELD", message, { leaseName: name, ports, holder: describeHolder(holder) });
}

export function noPortAvailable(
  request: Request,
  refused: RefusalCounts,
  leasedTo: { readonly port: number; readonly holder: HolderDescription } | undefined,
): PortError<"NO_PORT_AVAILABLE"> {
  const { pool, count, protocol } = request;
  const example = leasedTo ? ` (such as ${leasedTo.port}, to ${formatHolder(leasedTo.holder)})` : "";
  const reasons = [
    refused.leased > 0 ? `${refused.leased} leased${example}` : "",
    refused.stranger > 0 ? `${refused.stranger} in use by programs without a lease` : "",
    refused.forbidden > 0 ? `${refused.forbidden} forbidden to this user` : "",
  ].filter((reason) => reason !== "");
  const wanted = count === 1 ? `no ${protocol} port` : `no ${count} ${protocol} ports`;
  const message = `${wanted} available in ${String(pool)}: ${reasons.join(", ")}; ask for more ports, or see \`moorage ls\``;
  return new PortError("NO_PORT_AVAILABLE", message, { refused });
}

export function leaseHeld(ports: readonly number[], holder: HolderDescription): PortError<"LEASE_HELD"> {
  const message = `${formatPorts(ports)} ${ports.length === 1 ? "is" : "are"} leased to ${formatHolder(holder)}, which is running; \`force\` takes it away`;
  return new PortError("LEASE_HELD", message, { ports, holder: describeHolder(holder) });
}

function describeHolder({ pid, command }: HolderDescription): HolderDescription {
  return { pid, command };
}
