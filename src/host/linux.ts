// Processes and the network namespace, on Linux.
//
// A process is told apart by its pid, its start time and the boot: pid numbers come round within minutes on
// a busy machine. A zombie is dead: it holds no socket and waits for nothing but its parent. A process is
// dead only on the kernel's word; what cannot be read, or counts in another namespace, is unknown.

import { shortCommand } from "./command.ts";
import type { Ancestor, Liveness, ProcessIdentity } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { openGuards } from "./guards.ts";
import { isCopy, readLineage } from "./lineage.ts";
import { openListeners } from "./listeners.ts";
import {
  isHidden,
  isOver,
  isOwnNumbering,
  type ProcessStat,
  readArguments,
  readLink,
  readStat,
  readText,
  shortBoot,
  shortNamespaces,
} from "./proc.ts";
import { readSettings } from "./settings.ts";
import { exists } from "./signal.ts";
import { type System, WHOLE_MACHINE } from "./system.ts";

/** @throws PortError `HOST_UNSUPPORTED` where /proc is missing, or does not show this process. */
export function linux(): System {
  const pidInProc = shown("/proc/self", readLink);
  const ownProc = isOwnNumbering(pidInProc, readText("/proc/self/status") ?? "", process.pid);
  const boot = shortBoot(readText("/proc/sys/kernel/random/boot_id") ?? "");
  // Kernels before 5.6 have no time namespaces.
  const namespaces = shortNamespaces([readLink("/proc/self/ns/pid"), readLink("/proc/self/ns/time")]);

  function identity(pid: number, stat: ProcessStat, commandLine: readonly string[]): ProcessIdentity {
    return { pid, startTime: stat.startTime, boot, namespaces, command: shortCommand(commandLine) };
  }

  function statOf(pid: number): ProcessStat | undefined {
    if (pid === process.pid) return readStat("self");
    if (ownProc) return readStat(pid);
    if (!exists(pid)) return undefined;
    throw unsupported("/proc", `/proc is that of another pid namespace and does not show process ${pid}`);
  }

  function identify(pid: number): ProcessIdentity | undefined {
    const stat = statOf(pid);
    return stat && !isOver(stat) ? identity(pid, stat, readArguments(pid)) : undefined;
  }

  function ancestors(): Ancestor[] {
    if (!ownProc) return [];
    const line = readLineage(process.ppid);
    return line.map((forebear, at) => ({
      ...identity(forebear.pid, forebear.stat, forebear.commandLine),
      forked: isCopy(forebear, line[at + 1]),
    }));
  }

  function liveness(holder: ProcessIdentity): Liveness {
    // Before the boot: a container can have been given a boot id of its own.
    if (holder.namespaces !== namespaces) return "unknown";
    if (holder.boot !== "" && boot !== "" && holder.boot !== boot) return "dead";
    const stat = orNothing(() => statOf(holder.pid));
    // Not shown, which is how a /proc mounted with hidepid treats the processes of other users.
    if (!stat) return exists(holder.pid) ? "unknown" : "dead";
    return !isOver(stat) && stat.startTime === holder.startTime ? "alive" : "dead";
  }

  return {
    fingerprint: readLink("/proc/self/ns/net") ?? WHOLE_MACHINE,
    boot,
    self: identity(
      process.pid,
      shown("/proc/self/stat", () => readStat("self")),
      [],
    ),
    identify,
    ancestors,
    liveness,
    settings: readSettings,
    bindsAsLinux: true,
    guards: openGuards(),
    listeners: openListeners(ownProc ? identity : undefined),
  };
}

/** What /proc must show for anything to be told. */
function shown<Result>(path: string, read: (path: string) => Result | undefined): Result {
  let cause: unknown;
  try {
    const found = read(path);
    if (found !== undefined) return found;
  } catch (error) {
    if (!isHidden(error)) throw error;
    cause = error;
  }
  throw unsupported(path, `${path} cannot be read`, cause);
}

function unsupported(missing: string, why: string, cause?: unknown): PortError<"HOST_UNSUPPORTED"> {
  const message = `${why}: on Linux, Moorage tells processes by the /proc of their own pid namespace; mount it`;
  return new PortError("HOST_UNSUPPORTED", message, { missing }, { cause });
}

function orNothing<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
