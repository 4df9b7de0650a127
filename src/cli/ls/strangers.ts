// Who listens without a lease: the second table of `moorage ls --all`.

import type { Listener } from "../../contract/index.ts";
import type { Survey } from "../../node/inspect.ts";
import { formatAge, formatSocket } from "../../report/describe.ts";
import { cellOf, type Layout, type Row } from "../show/columns.ts";
import { fromHome } from "./heading.ts";

export const STRANGER_LAYOUT: Layout = {
  columns: [
    { head: "LISTENS", least: 12 },
    { head: "AGE" },
    { head: "PID" },
    { head: "COMMAND", least: 12 },
    { head: "FOLDER", least: 12 },
  ],
  dropping: [4, 1, 2],
  indent: "",
};

/** The listeners that are on no leased or kept port. */
export function strangersAmong(
  listeners: readonly Listener[],
  { leases, sightingOf, reservations }: Survey,
): readonly Listener[] {
  const ours = new Set<string>();
  for (const { listeners: found } of [...leases.map(sightingOf), ...reservations])
    for (const one of found ?? []) ours.add(formatSocket(one));
  return listeners.filter((one) => !ours.has(formatSocket(one)));
}

export function* strangerRows(strangers: readonly Listener[], now: number): Generator<Row> {
  for (const stranger of strangers) {
    const [owner] = stranger.owners;
    const socket = cellOf(formatSocket(stranger));
    if (!owner) {
      yield [socket, "", "", cellOf(stranger.uid === null ? "not seen" : `not seen, of uid ${stranger.uid}`)];
      continue;
    }
    const { startedAt, pid, command, folder } = owner;
    const where = folder === null ? "" : fromHome(folder);
    yield [socket, formatAge(now - startedAt), String(pid), cellOf(command), cellOf(where)];
  }
}
