// moorage ls: every lease and the state it is in, for people or as JSON.

import {
  inspect,
  type InspectedLease,
  type InspectedReservation,
  type Listener,
  open,
} from "../../node/index.ts";
import { formatAge, formatListeners, formatPlace, tenantOf } from "../describe.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say, table } from "../output.ts";

export interface LsFlags {
  readonly json?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 2;

export async function ls({ json = false }: LsFlags): Promise<number> {
  await using registry = await open();
  const { leases, reservations } = await inspect(registry);
  if (json) {
    await print(`${JSON.stringify({ version: JSON_VERSION, leases, reservations }, null, 2)}\n`);
    return EXIT.OK;
  }
  const keeping = new Set(reservations.map(({ name }) => name));
  const now = Date.now();
  const toRows = (lease: InspectedLease): string[][] => {
    const row = toRow(lease, lease.name !== null && keeping.has(lease.name), now);
    return lease.listeners?.length ? [row, ...toNotes(lease)] : [row];
  };
  const rows: string[][] = [];
  for (const lease of leases) if (!isLeftOver(lease)) rows.push(...toRows(lease));
  for (const kept of reservations) if (kept.state !== "leased") rows.push(...toKeptRows(kept));
  const leftOver = leases.filter(isLeftOver);
  const hidesLeftOver = rows.length > 0 && leftOver.length > 0;
  if (rows.length === 0) rows.push(...leftOver.flatMap(toRows));
  if (rows.length === 0) say("no leases");
  else await print(table([["PORT", "NAME", "STATE", "AGE", "PID", "COMMAND"], ...rows]));
  if (hidesLeftOver) {
    say(`and ${leftOver.length} without a name, free: their processes have ended (--json shows them)`);
  }
  return EXIT.OK;
}

/** What a process without a name left, as each `$(moorage get)` does: a port that goes to whoever asks next. */
function isLeftOver({ state, name }: InspectedLease): boolean {
  return state === "free" && name === null;
}

function toRow(lease: InspectedLease, isKept: boolean, now: number): string[] {
  const { name, state, grantedAt } = lease;
  const { pid, command } = tenantOf(lease);
  return [
    formatPlace(lease),
    name ?? "-",
    isKept ? `${state}, kept` : state,
    formatAge(now - grantedAt),
    String(pid),
    command,
  ];
}

function toKeptRows(reservation: InspectedReservation): string[][] {
  const { name, state, listeners } = reservation;
  const row = [formatPlace(reservation), name, state === "taken" ? "taken, kept" : state, "-", "-", "-"];
  return [row, ...(state === "taken" ? notes("taken by", listeners ?? []) : [])];
}

/** What there is to say of somebody else on the port, and of a server that outlived its holder. */
function toNotes({ state, listeners }: InspectedLease): string[][] {
  const all = listeners ?? [];
  if (state === "taken")
    return notes(
      "taken by",
      all.filter(({ ownership }) => ownership === "foreign"),
    );
  return state === "orphaned" ? notes("left behind:", all) : [];
}

/** Under the command, which is the last column. */
function notes(what: string, listeners: readonly Listener[]): string[][] {
  return formatListeners(listeners).map((line) => ["", "", "", "", "", `→ ${what} ${line}`]);
}
