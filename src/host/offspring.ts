// What a command started, on Linux: the processes that descend from it, and those of its process group and session,
// whose parents may have ended. Told apart from what another `moorage run` in between looks after: that says other leases
// in its environment.

import { readdirSync } from "node:fs";
import type { ProcessIdentity } from "../contract/index.ts";
import { readLeases } from "./owner.ts";
import { isOver, isOwnNumbering, type ProcessStat, readLink, readStat, readText } from "./proc.ts";
import { readOrNothing } from "./socket-owners.ts";

/** A command that was started by this process. */
export interface StartedCommand {
  readonly process: Pick<ProcessIdentity, "pid" | "startTime">;
  /** Whether it leads a process group and a session of its own; else it is in the group of this process. */
  readonly isLeader: boolean;
  /** The ids of the leases that it was told (`MOORAGE_LEASE`). */
  readonly leases: readonly string[];
}

export interface Offspring extends Pick<ProcessIdentity, "pid" | "startTime"> {
  readonly parent: number;
  /** Whether a signal to the command's process group reaches it, or one that a terminal sends to that. */
  readonly isInGroup: boolean;
}

/**
 * The living processes of a command, itself first, in the order of their start; `undefined` where /proc does not tell.
 * In the group of this process only those count that say the command's leases: the others, as of a pipeline, are not
 * the command's.
 */
export function offspringOf({ process: command, isLeader, leases }: StartedCommand): Offspring[] | undefined {
  const stats = isOwnProc() ? readAll() : undefined;
  const own = stats?.get(process.pid);
  if (!stats || !own) return undefined;
  const group = isLeader ? command.pid : own.group;
  const known = new Map<number, boolean>([[process.pid, false]]);

  function isOffspring(pid: number, stat: ProcessStat): boolean {
    if (pid === command.pid && stat.startTime === command.startTime) return true;
    const isGrouped = stat.group === group || (isLeader && stat.session === group);
    const isChild = belongs(stat.parent);
    if (!isGrouped && !isChild) return false;
    const said = readLeases(pid);
    const isCarrier = said.some((lease) => leases.includes(lease));
    if (said.length > 0 && !isCarrier) return false;
    return isChild || isLeader || isCarrier;
  }

  function belongs(pid: number): boolean {
    const before = known.get(pid);
    if (before !== undefined) return before;
    // A line of descent that was read while pids came round could be a circle.
    known.set(pid, false);
    const stat = stats!.get(pid);
    const is = stat !== undefined && isOffspring(pid, stat);
    known.set(pid, is);
    return is;
  }

  return [...stats]
    .filter(([pid, stat]) => belongs(pid) && !isOver(stat))
    .map(([pid, stat]) => ({
      pid,
      startTime: stat.startTime,
      parent: stat.parent,
      isInGroup: stat.group === group,
    }))
    .toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
}

/** The processes whose environment says one of these leases, whatever has become of their parents. */
export function carriersOf(leases: readonly string[]): number[] {
  if (!isOwnProc()) return [];
  return pids().filter((pid) => readLeases(pid).some((lease) => leases.includes(lease)));
}

/** Whether /proc shows the processes by the pids that this one knows them by. */
export function isOwnProc(): boolean {
  const self = readOrNothing(() => readLink("/proc/self"));
  const status = readOrNothing(() => readText("/proc/self/status")) ?? "";
  return self !== undefined && isOwnNumbering(self, status, process.pid);
}

/** What /proc says of all processes. */
function readAll(): Map<number, ProcessStat> {
  const stats = new Map<number, ProcessStat>();
  for (const pid of pids()) {
    const stat = readOrNothing(() => readStat(pid));
    if (stat) stats.set(pid, stat);
  }
  return stats;
}

function pids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
}
