// Processes and the network namespace, on Linux.
//
// A process is told apart by its pid, its start time and the boot: pid numbers come round within minutes on
// a busy machine. A zombie is dead: it holds no socket and waits for nothing but its parent. A process of
// another pid namespace cannot be judged by its pid at all.

import { shortCommand } from "./command.ts";
import type { Liveness, PortSettings, ProcessIdentity } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import type { System } from "./system.ts";
import { readArguments, readLink, readStat, readText } from "./proc.ts";

/** The range where `ip_local_port_range` cannot be read: the kernel's default (ip(7)). */
const DEFAULT_EPHEMERAL = { first: 32768, last: 60999 };

export function linux(): System {
  const boot = readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  const pidNamespace = readLink("/proc/self/ns/pid") ?? "";

  function identify(pid: number): ProcessIdentity | undefined {
    const stat = readStat(pid);
    if (!stat || isOver(stat.state)) return undefined;
    return { pid, startTime: stat.startTime, boot, pidNamespace, command: shortCommand(readArguments(pid)) };
  }

  function liveness(process: ProcessIdentity): Liveness {
    if (process.boot !== boot) return "dead";
    if (process.pidNamespace !== pidNamespace) return "unknown";
    const stat = readStat(process.pid);
    return stat && !isOver(stat.state) && stat.startTime === process.startTime ? "alive" : "dead";
  }

  return {
    boot,
    scope: readLink("/proc/self/ns/net") ?? "net",
    identify,
    parent: (pid) => readStat(pid)?.parent,
    liveness,
    settings: readSettings,
  };
}

function isOver(state: string): boolean {
  return state === "Z" || state === "X" || state === "x";
}

function readSettings(): PortSettings {
  const range = readText("/proc/sys/net/ipv4/ip_local_port_range");
  const [first = Number.NaN, last = Number.NaN] = range?.trim().split(/\s+/u).map(Number) ?? [];
  const reserved = readText("/proc/sys/net/ipv4/ip_local_reserved_ports")?.trim() ?? "";
  return {
    ephemeral: first <= last ? { first, last } : DEFAULT_EPHEMERAL,
    reserved: reserved === "" ? [] : [...PortSet.parse(reserved)],
  };
}
