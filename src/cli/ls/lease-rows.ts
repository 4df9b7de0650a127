// The rows of `moorage ls`: a heading for each place, a row for each service and each lease, and under it who is in its
// way.

import type { Listener } from "../../contract/index.ts";
import {
  inspected,
  type InspectedLease,
  type InspectedReservation,
  type Ownership,
} from "../../inspect/index.ts";
import { formatAge, formatListeners, formatPlace, processOf } from "../../report/describe.ts";
import type { Overview, ShownService } from "../../report/overview.ts";
import { type Cell, cellOf, type Layout, type Row } from "../show/columns.ts";
import { commandInside } from "./command-inside.ts";
import { formatHeading } from "./heading.ts";
import { stateCells } from "./states.ts";
import type { Terminal } from "../show/terminal.ts";

export interface RowOptions {
  readonly terminal: Terminal;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** The names that keep what they have. */
  readonly keeping: ReadonlySet<string>;
}

interface Further {
  /** Whether it is said that its name keeps it: of a service that goes without saying. */
  readonly isKept: boolean;
  readonly url: string | null;
}

const PLAIN: Further = { isKept: false, url: null };
const KEPT: Further = { isKept: true, url: null };
const NONE: readonly never[] = [];

const COLUMNS: Layout["columns"] = [
  { head: "NAME", least: 8 },
  { head: "PORT" },
  { head: "STATE" },
  { head: "URL" },
  { head: "AGE" },
  { head: "PID" },
  { head: "COMMAND", least: 12 },
];

/** The URL goes first where there is little room: on a terminal the port leads there too. */
const DROPPING = ["URL", "PID", "AGE", "COMMAND", "STATE"].map((name) =>
  COLUMNS.findIndex(({ head }) => head === name),
);

export function leaseLayout({ groups }: Overview): Layout {
  return { columns: COLUMNS, dropping: DROPPING, indent: groups.length > 0 ? "  " : "" };
}

/** Row by row: of a hundred thousand leases the rows are more to keep than the leases. */
export function leaseRows(shown: Overview, { terminal, now, keeping }: RowOptions): Iterable<Row> {
  const stateCell = stateCells(terminal);
  const commandCell = remembering((command: string) => cellOf(commandInside(command)));
  const arrow = terminal.isUnicode ? "→" : "->";

  function leaseRow(lease: InspectedLease, name: string | Cell, { isKept, url }: Further): Row {
    const { pid, command, machine } = processOf(lease);
    return [
      name,
      portCell(lease, url),
      stateCell(lease.state, isKept),
      urlCell(url),
      formatAge(now - lease.grantedAt),
      machine === undefined ? String(pid) : cellOf(`${pid} on ${machine}`),
      commandCell(command),
    ];
  }

  function keptRow({ name, ...kept }: InspectedReservation, { isKept, url }: Further): Row {
    const state = stateCell(kept.state, isKept && kept.state === "taken");
    return [cellOf(name), portCell(kept, url), state, urlCell(url)];
  }

  function serviceRow({ service, lease, reservation, url }: ShownService): Row[] {
    if (lease) return [leaseRow(lease, cellOf(service), { isKept: false, url })];
    return reservation ? [keptRow({ ...reservation, name: service }, { isKept: false, url })] : [];
  }

  /** What there is to say of somebody else on the port, and of a server that outlived its holder. */
  function notes({ state, listeners }: InspectedLease | InspectedReservation): readonly Row[] {
    if (state !== "taken" && state !== "orphaned") return NONE;
    const all: readonly (Listener & { readonly ownership?: Ownership })[] = listeners ?? [];
    const [what, whose] =
      state === "taken"
        ? ["taken by", all.filter(({ ownership = "foreign" }) => ownership === "foreign")]
        : ["left behind:", all];
    return formatListeners(whose).map((line) => ({ line: `    ${arrow} ${what} ${line}` }));
  }

  function portCell(extent: Parameters<typeof formatPlace>[0], url: string | null): string | Cell {
    const text = formatPlace(extent);
    return url === null ? text : { text, width: text.length, dress: (cut) => terminal.link(cut, url) };
  }

  function urlCell(url: string | null): string | Cell {
    return url === null ? "" : { ...cellOf(url), dress: (cut) => terminal.link(cut, url) };
  }

  function* rows(): Generator<Row> {
    const { groups, leases, sightingOf, reservations } = shown;
    for (const group of groups) {
      yield { line: formatHeading(group), dress: bold };
      for (const service of group.services) {
        yield* serviceRow(service);
        yield* notes(service.lease ?? service.reservation!);
      }
    }
    if (groups.length > 0 && leases.length + reservations.length > 0)
      yield { line: "elsewhere", dress: bold };
    for (const one of leases) {
      const lease = inspected(one, sightingOf(one));
      const { name } = lease;
      yield name === null ? leaseRow(lease, "-", PLAIN) : leaseRow(lease, cellOf(name), furtherOf(name));
      if (lease.listeners?.length) yield* notes(lease);
    }
    for (const kept of reservations) {
      yield keptRow(kept, KEPT);
      yield* notes(kept);
    }
  }

  function furtherOf(name: string): Further {
    return keeping.has(name) ? KEPT : PLAIN;
  }

  function bold(line: string): string {
    return terminal.style(line, "bold");
  }
  return { [Symbol.iterator]: rows };
}

function remembering<Result>(make: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) known.set(text, (result = make(text)));
    return result;
  };
}
