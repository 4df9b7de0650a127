// moorage ls: every lease, for people or as JSON.

import { PortSet } from "../../core/index.ts";
import { type LeaseInfo, open, type Reservation } from "../../node/index.ts";
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
  const reservations = await registry.reservations();
  if (json) {
    await print(`${JSON.stringify({ version: JSON_VERSION, leases, reservations }, null, 2)}\n`);
    return EXIT.OK;
  }
  const leased = new Set(leases.map(({ name }) => name));
  const keeping = new Set(reservations.map(({ name }) => name));
  const rows = [
    ...leases.map((lease) => toRow(lease, lease.name !== null && keeping.has(lease.name))),
    ...reservations
      .filter(({ name }) => !leased.has(name))
      .map((kept) => [formatPlace(kept), kept.name, "kept", "-", "-", "-"]),
  ];
  if (rows.length === 0) say("no leases");
  else await print(table([["PORT", "NAME", "STATE", "AGE", "PID", "COMMAND"], ...rows]));
  return EXIT.OK;
}

function toRow(lease: LeaseInfo, isKept: boolean): string[] {
  const { name, holder, state, grantedAt } = lease;
  const age = formatAge(Date.now() - grantedAt);
  return [
    formatPlace(lease),
    name ?? "-",
    isKept ? `${state}, kept` : state,
    age,
    String(holder.pid),
    holder.command,
  ];
}

/** "20000-20002/udp on 127.0.0.1"; what is usual is left out. */
function formatPlace({
  ports,
  protocols,
  addresses,
}: Pick<Reservation, "ports" | "protocols" | "addresses">): string {
  const numbers = String(PortSet.of(ports));
  const protocol = protocols.join("+");
  const place = addresses.join(", ");
  return `${numbers}${protocol === "tcp" ? "" : `/${protocol}`}${place === "::" ? "" : ` on ${place}`}`;
}

/** "12s", "5m", "3h", "2d": the largest unit that fits. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
