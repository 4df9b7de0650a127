// What there is to say of a process that has a socket: where it works, since when, from whom it descends, in which
// container, for which lease. What this user may not see of it is `null`.

import type { ProcessIdentity, SocketOwner } from "../contract/index.ts";
import { containerOf } from "./container.ts";
import { type ProcessStat, readArguments, readBootTime, readLink, readStat, readText } from "./proc.ts";
import { readOrNothing } from "./socket-owners.ts";

/** A process as the host tells it apart. */
export type Identify = (pid: number, stat: ProcessStat, commandLine: readonly string[]) => ProcessIdentity;

/** Of a clock tick, in milliseconds: USER_HZ is 100 on every architecture that Node runs on (proc_pid_stat(5)). */
const TICK_MS = 10;

/** Describes the processes of one moment: those that several of them descend from are read once. */
export function createDescribe(identify: Identify): (pid: number) => SocketOwner | undefined {
  const stats = new Map<number, ProcessStat | undefined>();
  let bootTime: number | undefined;

  function statOf(pid: number): ProcessStat | undefined {
    if (stats.has(pid)) return stats.get(pid);
    const stat = readOrNothing(() => readStat(pid));
    stats.set(pid, stat);
    return stat;
  }

  function ancestorsOf(stat: ProcessStat): SocketOwner["ancestors"] {
    const line: { pid: number; startTime: number }[] = [];
    for (let pid = stat.parent; pid > 0 && line.every((forebear) => forebear.pid !== pid);) {
      const forebear = statOf(pid);
      if (!forebear) break;
      line.push({ pid, startTime: forebear.startTime });
      pid = forebear.parent;
    }
    return line;
  }

  return (pid) => {
    const stat = statOf(pid);
    if (!stat) return undefined;
    bootTime ??= readBootTime();
    return {
      ...identify(pid, stat, readOrNothing(() => readArguments(pid)) ?? []),
      startedAt: bootTime + stat.startTime * TICK_MS,
      folder: readOrNothing(() => readLink(`/proc/${pid}/cwd`)) ?? null,
      ancestors: ancestorsOf(stat),
      container: containerOf(readOrNothing(() => readText(`/proc/${pid}/cgroup`)) ?? ""),
      leases: readLeases(pid),
    };
  };
}

/** The ids of the leases in the environment of a process; none where this user may not see it. */
export function readLeases(pid: number): string[] {
  return leasesOf(readOrNothing(() => readText(`/proc/${pid}/environ`)) ?? "");
}

/** The ids of the leases in an environment, "NAME=value" and a NUL for each variable (proc_pid_environ(5)). */
export function leasesOf(environment: string): string[] {
  return /(?:^|\0)MOORAGE_LEASE=([\w-]+(?:,[\w-]+)*)(?:\0|$)/u.exec(environment)?.[1]?.split(",") ?? [];
}
