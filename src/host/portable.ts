// What is known where there is no /proc: macOS, Windows and others. docs/platforms.md has the sources.
//
// Node tells no start time there, so a process is its pid alone: a pid that came round keeps a dead holder's
// lease alive until that process ends too. There are no network namespaces: the machine is one. There are no
// names of sockets that go with their process either, so there are no guards. And there are no holds: a second socket
// of the same address and port is refused there, whoever sets SO_REUSEADDR, though the first one does not listen.

import type { Liveness, ProcessIdentity } from "../contract/index.ts";
import { exists } from "./signal.ts";
import { type System, WHOLE_MACHINE } from "./system.ts";

/** The range that IANA names for automatic picks (RFC 6335 §6), and macOS and Windows use. */
const EPHEMERAL = { first: 49152, last: 65535 };

/** Where the system has no such setting (RFC 6335 §6: system ports are 0 to 1023). */
const UNPRIVILEGED_START = 1024;

export function portable(): System {
  return {
    fingerprint: WHOLE_MACHINE,
    boot: "",
    self: identityOf(process.pid),
    identify: (pid) => (exists(pid) ? identityOf(pid) : undefined),
    ancestors: () => (exists(process.ppid) ? [{ ...identityOf(process.ppid), forked: false }] : []),
    liveness: ({ pid }: ProcessIdentity): Liveness => (exists(pid) ? "alive" : "dead"),
    settings: () => ({ ephemeral: EPHEMERAL, reserved: [], unprivilegedStart: UNPRIVILEGED_START }),
    bindsAsLinux: false,
    guards: undefined,
    listeners: undefined,
  };
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: 0, boot: "", namespaces: "", command: "" };
}
