// `moorage ls` for people: the tables, and the lines under them.

import { layOut } from "../show/columns.ts";
import type { Terminal } from "../show/terminal.ts";
import { fit } from "../show/width.ts";
import type { LeaseInfo } from "../../registry/index.ts";
import type { Overview } from "../../report/overview.ts";
import { leaseLayout, leaseRows } from "./lease-rows.ts";
import type { Look } from "./look.ts";
import { STRANGER_LAYOUT, strangerRows } from "./strangers.ts";
import { summaryOf } from "./summary.ts";

export interface LsText {
  /** Some lines at a time; nothing when there is nothing. */
  readonly tables: Iterable<string>;
  /** What is said beside them, line by line. */
  readonly remarks: readonly string[];
}

export function toText(look: Look, terminal: Terminal, now: number): LsText {
  const { survey, overview, strangers } = look;
  const alive = overview.leases.filter((lease) => !isLeftOver(lease, overview));
  const hasMore = alive.length + overview.reservations.length + overview.groups.length > 0;
  const shown = { ...overview, leases: hasMore ? alive : overview.leases };
  const isEmpty = survey.leases.length + survey.reservations.length === 0;
  const keeping = new Set(survey.reservations.map(({ name }) => name));
  const rows = leaseRows(shown, { terminal, now, keeping });
  function* tables(): Generator<string> {
    if (!isEmpty) yield* layOut(rows, leaseLayout(shown), terminal);
    if (!strangers || strangers.length === 0) return;
    if (!isEmpty) yield "\n";
    const others = { [Symbol.iterator]: () => strangerRows(strangers, now) };
    yield* layOut(others, STRANGER_LAYOUT, terminal);
  }
  const hidden = overview.leases.length - shown.leases.length;
  const remarks = [
    isEmpty ? "no leases; next: moorage run -- COMMAND" : summaryOf(shown),
    hidden > 0 ? `and ${hidden} without a name, free: their leases are over (--json shows them)` : "",
    strangers ? `${strangers.length} without a lease` : "",
  ];
  const fitting = (line: string): string =>
    terminal.columns === Infinity ? line : fit(line, terminal.columns, terminal.isUnicode ? "…" : "...");
  return { tables: tables(), remarks: remarks.filter((line) => line !== "").map(fitting) };
}

/** What a process without a name left, as each `$(moorage get)` does: a port that goes to whoever asks next. */
function isLeftOver(lease: LeaseInfo, { sightingOf }: Overview): boolean {
  return lease.name === null && sightingOf(lease).state === "free";
}
