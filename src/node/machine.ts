// The name that this machine's ports go by on an engine that many machines share.
//
// It is made of the host name, so that people know it, and of the machine id (machine-id(5)), hashed as that page asks
// for. Machines that were cloned with their id differ by the host name; those that have both in common share a scope:
// a port that is leased on one is not leased on the other, which is a port too few and never one granted twice.
//
// Containers with a network namespace of their own have ports of their own. Such a namespace is told apart by its
// number and the boot, so its name is another one after a restart: whoever wants to find kept ports again says a name.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Host } from "../contract/index.ts";
import { PortError } from "../core/index.ts";

const MACHINE_ID_FILES = ["/etc/machine-id", "/var/lib/dbus/machine-id"] as const;
/** A setting that is shown in the network namespace of the boot only (net/core/sysctl_net_core.c of Linux). */
const ONLY_IN_FIRST_NAMESPACE = "/proc/sys/net/core/netdev_max_backlog";
/** Hexadecimal digits of the hash: of 10,000 machines of one host name no two are alike. */
const DIGITS = 10;

/** What the name is made of. */
export interface MachineFacts {
  readonly hostname: string;
  /** `undefined`: the system has none. */
  readonly machineId: string | undefined;
  readonly isFirstNamespace: boolean;
}

export function machineFacts(): MachineFacts {
  return {
    hostname: hostname(),
    machineId: MACHINE_ID_FILES.map(readId).find((id) => id !== undefined),
    isFirstNamespace: existsSync(ONLY_IN_FIRST_NAMESPACE),
  };
}

/** @throws PortError `HOST_UNSUPPORTED` where this machine cannot be told from others of its host name. */
export function machineName(
  { hostname: name, machineId, isFirstNamespace }: MachineFacts,
  { fingerprint, boot }: Pick<Host, "fingerprint" | "boot">,
): string {
  if (machineId === undefined) {
    const message =
      "this machine has no id that tells it from others (/etc/machine-id): say its name, " +
      'as in `open({ store, scope: { host: "web-1" } })` or MOORAGE_SCOPE=host/web-1';
    throw new PortError("HOST_UNSUPPORTED", message, { missing: MACHINE_ID_FILES[0] });
  }
  const namespace = isFirstNamespace ? "" : ` ${fingerprint} ${boot}`;
  const hash = createHash("sha256").update(`moorage ${machineId}${namespace}`).digest("hex");
  return `${name}-${hash.slice(0, DIGITS)}`;
}

function readId(path: string): string | undefined {
  try {
    const id = readFileSync(path, "utf8").trim();
    // Until the first boot of an image it says "uninitialized", or nothing.
    return /^[0-9a-f]{32}$/u.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
