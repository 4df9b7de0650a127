// Everything that is known of one port, leased or not.

import type { Host, Listener, ProcessIdentity, SocketOwner } from "../contract/index.ts";
import { PortError, type Transport, TRANSPORTS } from "../core/index.ts";
import { guardOwners, userOf } from "../host/index.ts";
import { inspectLeases, type Outlook, outlooks, type PortFacts, portFacts } from "../inspect/index.ts";
import type { InspectedLease, LeaseInfo, Reservation } from "../node/index.ts";
import { sightOf } from "../node/inspect.ts";
import { projectFolder } from "./project-folder.ts";

/** A process that has a socket, with what takes a further look. */
export interface ReportedOwner extends SocketOwner {
  /** The user it acts for; `null` where that is not told. */
  readonly uid: number | null;
  /** The nearest folder from its own upward that has a .git or a package.json, or `null`. */
  readonly project: string | null;
  /** The processes it descends from, its parent first, as far as they are there. */
  readonly parents: readonly Pick<ProcessIdentity, "pid" | "command">[];
}

export interface PortReport {
  readonly port: number;
  readonly facts: PortFacts;
  /** `null` where the system does not tell. */
  readonly listeners:
    readonly (Omit<Listener, "owners"> & { readonly owners: readonly ReportedOwner[] })[] | null;
  readonly leases: readonly InspectedLease[];
  readonly reservations: readonly Reservation[];
  /**
   * The protocols for which a registry of another state folder, user or version has it, or a process that has not let
   * go of it though its lease is over.
   */
  readonly leasedElsewhere: readonly Transport[];
  /** Who has it so, as far as this user may see them, in the order of their pids. */
  readonly leasedElsewhereBy: readonly Pick<ProcessIdentity, "pid" | "command">[];
  readonly outlooks: readonly Outlook[];
}

/** What the registry says, of all ports. */
export interface Ledger {
  readonly leases: readonly LeaseInfo[];
  readonly reservations: readonly Reservation[];
}

/**
 * The ports of a name, or the port itself.
 *
 * @throws PortError `LEASE_NOT_FOUND` for a name that has none.
 */
export function portsOf(target: string | number, { leases, reservations }: Ledger): number[] {
  if (typeof target === "number") return [target];
  const named = [...leases, ...reservations].filter(({ name }) => name === target);
  if (named.length === 0) {
    const message = `the name ${JSON.stringify(target)} has no lease, and keeps no port`;
    throw new PortError("LEASE_NOT_FOUND", message, { input: target });
  }
  return [...new Set(named.flatMap(({ ports }) => ports))].toSorted((a, b) => a - b);
}

/** Whether somebody listens, has a lease of it, or keeps it. */
export function isAnybodys({ listeners, leases, reservations, leasedElsewhere }: PortReport): boolean {
  return [listeners ?? [], leases, reservations, leasedElsewhere].some(({ length }) => length > 0);
}

export async function reportPort(host: Host, port: number, ledger: Ledger): Promise<PortReport> {
  const found = await host.listeners?.({ port });
  const has = ({ ports }: { readonly ports: readonly number[] }): boolean => ports.includes(port);
  const own = ledger.leases.filter(has);
  // Of a lease of several ports, what is said here is said of this one.
  const leases = inspectLeases(
    own.map((lease) => ({ ...lease, ports: [port] })),
    sightOf(host, found),
  ).map((lease, at) => ({ ...lease, ports: own[at]!.ports }));
  const leasedElsewhere = await guardedElsewhere(host, port, own);
  const held = leases.filter(({ isHeldInKernel, protocols }) => isHeldInKernel && protocols.includes("tcp"));
  return {
    port,
    facts: portFacts(port, host.settings()),
    listeners:
      found?.map((one) => ({ ...one, owners: one.owners.map((owner) => reportOwner(host, owner)) })) ?? null,
    leases,
    reservations: ledger.reservations.filter(has),
    leasedElsewhere,
    leasedElsewhereBy: await guardedBy(host, port, leasedElsewhere),
    outlooks: outlooks(port, found ?? [], held),
  };
}

function reportOwner(host: Host, owner: SocketOwner): ReportedOwner {
  const parents = owner.ancestors.flatMap(({ pid, startTime }) => {
    const parent = host.process(pid);
    return parent?.startTime === startTime ? [{ pid, command: parent.command }] : [];
  });
  const project = owner.folder === null ? undefined : projectFolder(owner.folder);
  return { ...owner, uid: userOf(owner.pid) ?? null, project: project ?? null, parents };
}

/** A guard that none of our living leases accounts for. */
async function guardedElsewhere(
  { guards }: Host,
  port: number,
  leases: readonly LeaseInfo[],
): Promise<Transport[]> {
  if (!guards) return [];
  const unaccounted = TRANSPORTS.filter(
    (protocol) => !leases.some(({ state, protocols }) => state === "held" && protocols.includes(protocol)),
  );
  const isHeld = await Promise.all(unaccounted.map((protocol) => guards.isHeld(protocol, port)));
  return unaccounted.filter((_, at) => isHeld[at]);
}

async function guardedBy(
  host: Host,
  port: number,
  protocols: readonly Transport[],
): Promise<PortReport["leasedElsewhereBy"]> {
  const found = await Promise.all(protocols.map((protocol) => guardOwners(protocol, port)));
  const pids = [...new Set(found.flat())].toSorted((a, b) => a - b);
  return pids.flatMap((pid) => {
    const owner = host.process(pid);
    return owner ? [{ pid, command: owner.command }] : [];
  });
}
