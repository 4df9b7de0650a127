// moorage ls: every lease and the state it is in, for people or as JSON.

import {
  inspect,
  type InspectedLease,
  type InspectedReservation,
  type Listener,
  open,
} from "../../node/index.ts";
import { formatAge, formatListeners, formatPlace, tenantOf } from "../../report/describe.ts";
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
  const kept = reservations.filter(({ state }) => state !== "leased");
  const others = leases.filter((lease) => !isLeftOver(lease));
  const isAllLeftOver = others.length + kept.length === 0;
  const shown = isAllLeftOver ? leases : others;
  const keeping = new Set(reservations.map(({ name }) => name));
  const now = Date.now();
  if (shown.length + kept.length === 0) say("no leases");
  else await print(table({ [Symbol.iterator]: () => toRows(shown, kept, { keeping, now }) }));
  const hidden = leases.length - shown.length;
  if (hidden > 0) {
    say(`and ${hidden} without a name, free: their processes have ended (--json shows them)`);
  }
  return EXIT.OK;
}

/** Row by row: of a hundred thousand leases the rows are more to keep than the leases. */
function* toRows(
  leases: readonly InspectedLease[],
  kept: readonly InspectedReservation[],
  { keeping, now }: { readonly keeping: ReadonlySet<string>; readonly now: number },
): Generator<string[]> {
  yield ["PORT", "NAME", "STATE", "AGE", "PID", "COMMAND"];
  for (const lease of leases) {
    yield toRow(lease, lease.name !== null && keeping.has(lease.name), now);
    if (lease.listeners?.length) yield* toNotes(lease);
  }
  for (const reservation of kept) yield* toKeptRows(reservation);
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
