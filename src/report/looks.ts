// What `wait` looks at: whether a server is up, or its ports are free, and if not, why.
//
// Leases are read anew at each look: a lease that is waited for may come, go, and come back with another port.

import type { Listener } from "../contract/index.ts";
import {
  byPort,
  type Extent,
  meeting,
  type Readiness,
  readinessOf,
  readinessOfPort,
} from "../inspect/index.ts";
import type { LeaseInfo, Registry } from "../node/index.ts";
import { viewer } from "../node/inspect.ts";
import { formatPorts } from "../registry/index.ts";
import { formatListeners } from "./describe.ts";
import { listenersOn } from "./listeners.ts";

export interface Look {
  readonly isDone: boolean;
  /** Why not, or what is odd, as a sentence goes on: "nothing listens on port 3000". */
  readonly why: string;
  /** Whether that is worth telling at once: somebody else is there, or nobody has the name. */
  readonly isWarning: boolean;
}

const DONE: Look = { isDone: true, why: "", isWarning: false };

/** Looks whether the server of a name or a leased port is up; on a port that nobody leased, whether any is. */
export function lookForServer(registry: Registry, target: string | number): () => Promise<Look> {
  return async () => {
    const leases = (await leasesOf(registry, target)).filter(({ state }) => state === "held");
    if (leases.length === 0 && typeof target === "string") {
      return not(`nobody has leased ${JSON.stringify(target)}`);
    }
    const ports = typeof target === "number" ? [target] : leases.flatMap((lease) => lease.ports);
    const listeners = await listenersOn(ports);
    const found = leases.map((lease) => readinessOf(lease, listeners, viewer()));
    if (typeof target === "number" && leases.length === 0) found.push(readinessOfPort(target, listeners));
    return found.every(({ isReady }) => isReady) ? DONE : explain(ports, leases[0], found);
  };
}

/** Looks whether nothing listens on a port, or on any that a name has, had at an earlier look, or keeps. */
export function lookForNobody(registry: Registry, target: string | number): () => Promise<Look> {
  let extents: readonly Extent[] = [];
  return async () => {
    if (typeof target === "string") {
      const kept = (await registry.reservations()).filter(({ name }) => name === target);
      const now = [...(await leasesOf(registry, target)), ...kept];
      if (now.length > 0) extents = now;
      if (extents.length === 0)
        return { ...DONE, why: `nobody has the name ${JSON.stringify(target)}`, isWarning: true };
    }
    const ports = typeof target === "number" ? [target] : extents.flatMap((extent) => extent.ports);
    const all = await listenersOn(ports);
    const found =
      typeof target === "number" ? all : extents.flatMap((extent) => meeting(extent, byPort(all)));
    return found.length === 0 ? DONE : not(`there is still ${list(found)}`);
  };
}

/** The leases of a name; those of a port, as far as they are of that port. */
async function leasesOf(registry: Registry, target: string | number): Promise<LeaseInfo[]> {
  const leases = await registry.list();
  if (typeof target === "string") return leases.filter(({ name }) => name === target);
  return leases.filter(({ ports }) => ports.includes(target)).map((lease) => ({ ...lease, ports: [target] }));
}

function explain(ports: readonly number[], lease: LeaseInfo | undefined, found: readonly Readiness[]): Look {
  const foreign = found.flatMap((one) => one.foreign);
  if (foreign.length > 0) {
    const whose = lease?.name ?? `${formatPorts(ports)} of ${lease?.holder.command ?? ""}`;
    return { ...not(`somebody else is on the port of ${whose}: ${list(foreign)}`), isWarning: true };
  }
  const unreached = found.flatMap((one) => one.unreached);
  if (unreached.length > 0) return not(`there is only what localhost does not reach: ${list(unreached)}`);
  return not(`nothing${lease ? " of its holder's" : ""} listens on ${formatPorts(ports)}`);
}

function list(listeners: readonly Listener[]): string {
  return formatListeners(listeners).join("; ");
}

function not(why: string): Look {
  return { isDone: false, why, isWarning: false };
}
