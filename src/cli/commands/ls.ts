// moorage ls: every lease, for people or as JSON.

import { PortSet } from "../../core/index.ts";
import { type LeaseInfo, open } from "../../node/index.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say, table } from "../output.ts";

export interface LsFlags {
  readonly json?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;

export async function ls({ json = false }: LsFlags): Promise<number> {
  await using registry = await open();
  const leases = await registry.list();
  if (json) await print(`${JSON.stringify({ version: JSON_VERSION, leases }, null, 2)}\n`);
  else if (leases.length === 0) say("no leases");
  else await print(table([["PORT", "NAME", "STATE", "AGE", "PID", "COMMAND"], ...leases.map(toRow)]));
  return EXIT.OK;
}

function toRow({ name, protocol, address, ports, holder, state, grantedAt }: LeaseInfo): string[] {
  const numbers = String(PortSet.of(ports));
  const place = address === "::" ? "" : ` on ${address}`;
  const port = `${numbers}${protocol === "tcp" ? "" : `/${protocol}`}${place}`;
  return [port, name ?? "-", state, formatAge(Date.now() - grantedAt), String(holder.pid), holder.command];
}

/** "12s", "5m", "3h", "2d": the largest unit that fits. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
