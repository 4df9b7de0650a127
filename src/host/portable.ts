// Processes where there is no /proc: macOS, Windows and others.
//
// Node tells no start time there, so a process is its pid alone: a pid that came round keeps a dead holder's
// lease alive until that process ends too. There are no network namespaces: the machine is one scope.

import { kill } from "node:process";
import type { Liveness, ProcessIdentity } from "../contract/index.ts";
import type { System } from "./system.ts";

/** The range that IANA names for automatic picks (RFC 6335 §6), and macOS and Windows use. */
const EPHEMERAL = { first: 49152, last: 65535 };

export function portable(): System {
  return {
    boot: "",
    scope: "machine",
    identify: (pid) =>
      exists(pid) ? { pid, startTime: 0, boot: "", pidNamespace: "", command: "" } : undefined,
    parent: () => undefined,
    liveness: ({ pid }: ProcessIdentity): Liveness => (exists(pid) ? "alive" : "dead"),
    settings: () => ({ ephemeral: EPHEMERAL, reserved: [] }),
  };
}

function exists(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    // Another user's process: it is there, only not ours to signal.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
