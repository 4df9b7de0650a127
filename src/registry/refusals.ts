// What a refused caller is told: why, who, and what to do next.

import {
  type HolderCount,
  type HolderDescription,
  PortError,
  type PortErrorDetails,
  type PortSet,
  type RefusalCounts,
  type Transport,
} from "../core/index.ts";
import type { Difference } from "./differences.ts";
import type { AcquireRefusal } from "./options.ts";
import type { Request } from "./request.ts";

/** A lease that stands in the way of a request, where it does. */
export interface Blocker {
  readonly protocol: Transport;
  readonly port: number;
  /** Whether its end shows at its guard. */
  readonly guarded: boolean;
}

/** A refusal, and what to wait for until it may be another answer. */
export interface Refusal {
  readonly error: AcquireRefusal;
  readonly blockers: readonly Blocker[];
  /** Whether there are ports whose end of use nothing tells, as those of strangers. */
  readonly hasSilent: boolean;
  /** Milliseconds until the first quarantine in the way is over. */
  readonly quarantinedMs: number | undefined;
}

type RefusalOf<Code extends AcquireRefusal["code"]> = PortError<Code> & PortErrorDetails[Code];

/** A PortError, typed with the fields that it carries. */
function refusalOf<Code extends AcquireRefusal["code"]>(
  code: Code,
  message: string,
  details: PortErrorDetails[Code],
): RefusalOf<Code> {
  return new PortError(code, message, details) as RefusalOf<Code>;
}

/** "node server.js (pid 42)", and of many machines "node server.js (pid 42 on web-1)". */
export function formatHolder({ command, pid, machine }: HolderDescription): string {
  const process = `pid ${pid}${machine === undefined ? "" : ` on ${machine}`}`;
  return command ? `${command} (${process})` : process;
}

export function formatPorts(ports: readonly number[]): string {
  return `${ports.length === 1 ? "port" : "ports"} ${ports.join(", ")}`;
}

/** How a name is held: by a stranger, by the caller with something else, or by whoever is next in line for it. */
type Hold = "by-other" | "for-waiter" | readonly Difference[];

export function nameHeld(
  name: string,
  ports: readonly number[],
  holder: HolderDescription,
  how: Hold,
): RefusalOf<"NAME_HELD"> {
  const subject = `${JSON.stringify(name)} (${formatPorts(ports)})`;
  const who = formatHolder(holder);
  const release = `moorage release${how === "by-other" ? " --force" : ""} ${inShell(name)}`;
  const message = ((): string => {
    if (how === "for-waiter") {
      return `${subject} was just given back, and ${who} has waited for it; choose another name, or wait for it too (\`wait\`)`;
    }
    if (how === "by-other") {
      return `${subject} is held by ${who}; choose another name, wait for it (\`wait\`), or take it away with \`${release}\``;
    }
    return `${subject} is held by ${who} already, and asked for is ${formatDifferences(how)}; choose another name, or release it first (\`${release}\`)`;
  })();
  return refusalOf("NAME_HELD", message, { leaseName: name, ports, holder: describeHolder(holder) });
}

export function nameKept(
  name: string,
  ports: readonly number[],
  differences: readonly Difference[],
): RefusalOf<"NAME_KEPT"> {
  const message =
    `${JSON.stringify(name)} keeps ${formatPorts(ports)}, and asked for is ${formatDifferences(differences)}; ` +
    `ask for what it keeps, or end that with \`giveUp\` (\`moorage release --give-up ${inShell(name)}\`)`;
  return refusalOf("NAME_KEPT", message, { leaseName: name, ports });
}

function formatDifferences(differences: readonly Difference[]): string {
  return differences.map(({ asked, has }) => `${asked} instead of ${has}`).join(", ");
}

/** A word as a POSIX shell reads it back, and the command line takes it for no option. */
function inShell(name: string): string {
  const word = /^[\w.:/@%+,-]+$/u.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  return name.startsWith("-") ? `-- ${word}` : word;
}

/** What a guard says of a port that no lease accounts for. */
const GUARDED = "leased in another state folder or by another user, or had by a process whose lease is over";

export function noPortAvailable(
  request: Request,
  refused: RefusalCounts,
): RefusalOf<"NO_PORT_AVAILABLE"> & { readonly refused: RefusalCounts } {
  const { pool, count, protocols, align } = request;
  const reasons = [
    refused.leased > 0 ? `${refused.leased} leased${formatHolders(refused)}` : "",
    refused.kept > 0 ? `${refused.kept} kept for other names` : "",
    refused.awaited > 0 ? `${refused.awaited} awaited by others` : "",
    refused.quarantined > 0 ? `${refused.quarantined} in quarantine` : "",
    refused.guarded > 0 ? `${refused.guarded} ${GUARDED}` : "",
    refused.stranger > 0 ? `${refused.stranger} in use by programs without a lease` : "",
    refused.forbidden > 0 ? `${refused.forbidden} forbidden to this user` : "",
    refused.reserved > 0 ? `${refused.reserved} left to the kernel` : "",
    refused.excluded > 0 ? `${refused.excluded} excluded by the request` : "",
  ].filter((reason) => reason !== "");
  const what = protocols.join("+");
  const block = align === null ? "" : `block of ${count} `;
  const wanted =
    count === 1 ? `no ${what} port` : `no ${block}${align === null ? `${count} ` : ""}${what} ports`;
  const why = reasons.length > 0 ? reasons.join(", ") : "no place for them";
  const message = `${wanted} available in ${String(pool)}: ${why}; ${adviceFor(pool, refused)}`;
  return refusalOf("NO_PORT_AVAILABLE", message, { refused }) as ReturnType<typeof noPortAvailable>;
}

/** Whom leased ports are leased to: all, where one has them, or the three who have the most. */
function formatHolders({ leased, holders }: RefusalCounts): string {
  const [first] = holders;
  if (!first) return "";
  if (first.ports === leased) return ` to ${formatHolder(first)}`;
  return ` (${holders
    .slice(0, 3)
    .map((holder) => `${holder.ports} to ${formatHolder(holder)}`)
    .join(", ")})`;
}

/** What to do, and where to see who is in the way: `ls` knows of leases, `who` of all that have a port. */
function adviceFor(pool: PortSet, { leased, kept, guarded, stranger }: RefusalCounts): string {
  const places = [
    ...(leased + kept > 0 ? ["`moorage ls`"] : []),
    ...(guarded + stranger > 0 ? [`\`moorage who ${pool.size === 1 ? String(pool) : "PORT"}\``] : []),
  ];
  return `ask for more ports${places.length === 0 ? "" : `, or see ${places.join(" and ")}`}`;
}

/** Whom ports are leased to, those with the most first. */
export function countHolders(holders: Iterable<HolderDescription>): HolderCount[] {
  const counts = new Map<string, HolderDescription & { ports: number }>();
  for (const holder of holders) {
    const process = `${holder.pid} ${holder.machine}`;
    const count = counts.get(process);
    if (count) count.ports++;
    else counts.set(process, { ...describeHolder(holder), ports: 1 });
  }
  return [...counts.values()].toSorted((a, b) => b.ports - a.ports).slice(0, 10);
}

export function leaseHeld(ports: readonly number[], holder: HolderDescription): PortError<"LEASE_HELD"> {
  const message = `${formatPorts(ports)} ${ports.length === 1 ? "is" : "are"} leased to ${formatHolder(holder)}, which is running; \`force\` takes it away`;
  return new PortError("LEASE_HELD", message, { ports, holder: describeHolder(holder) });
}

/** @param isGuarded whether somebody has the guard of the port all the same */
export function leaseNotFound(target: string | number, isGuarded = false): PortError<"LEASE_NOT_FOUND"> {
  const what = typeof target === "number" ? `port ${target}` : `the name ${JSON.stringify(target)}`;
  const guarded = isGuarded ? ` here: it is ${GUARDED}; see \`moorage who ${target}\`` : "";
  return new PortError("LEASE_NOT_FOUND", `no lease has ${what}${guarded}`, { input: String(target) });
}

/** A name whose ports are kept and not leased: there is nothing to give back but what it keeps. */
export function onlyKept(name: string, ports: readonly number[]): PortError<"LEASE_NOT_FOUND"> {
  const message =
    `${JSON.stringify(name)} has no lease, it only keeps ${formatPorts(ports)}; ` +
    `\`giveUp\` (\`moorage release --give-up ${inShell(name)}\`) ends that`;
  return new PortError("LEASE_NOT_FOUND", message, { input: name });
}

/** A name that keeps nothing. */
export function nothingKept(name: string): PortError<"LEASE_NOT_FOUND"> {
  return new PortError("LEASE_NOT_FOUND", `the name ${JSON.stringify(name)} keeps no ports`, { input: name });
}

export type LossReason = "expired" | "released" | "transferred" | "taken";

export function leaseLost(ports: readonly number[], reason: LossReason): PortError<"LEASE_LOST"> {
  const why = {
    expired: "ran out before it was renewed",
    released: "was given back",
    transferred: "was handed to another process",
    taken: "was taken away",
  }[reason];
  return new PortError("LEASE_LOST", `the lease of ${formatPorts(ports)} ${why}`, { ports, reason });
}

function describeHolder({ pid, command, machine }: HolderDescription): HolderDescription {
  return machine === undefined ? { pid, command } : { pid, command, machine };
}
