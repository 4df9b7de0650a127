// moorage who: everything that is known of a port, leased or not, in one screen.

import type { Host } from "../../contract/index.ts";
import { openHost } from "../../host/index.ts";
import type { Outlook } from "../../inspect/index.ts";
import type { InspectedLease, Reservation } from "../../node/index.ts";
import { viewer } from "../../node/inspect.ts";
import { type KnownProject, parseServiceName } from "../../project/index.ts";
import { formatHolder } from "../../registry/index.ts";
import {
  formatAge,
  formatOwners,
  formatPlace,
  formatSocket,
  printable,
  shortContainer,
  tenantOf,
  userName,
} from "../../report/describe.ts";
import { EXIT } from "../exit-codes.ts";
import { print, table } from "../output.ts";
import {
  isAnybodys,
  type Ledger,
  type PortReport,
  portsOf,
  type ReportedOwner,
  reportPort,
} from "../../report/port-report.ts";
import { openTarget, type TargetFlags, withShortNames } from "../target.ts";

export interface WhoFlags extends TargetFlags {
  readonly json?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** Processes of one port that are shown whole, and parents of one, so that all fits on a screen. */
const MOST_PROCESSES = 3;
const MOST_PARENTS = 3;

export async function who(said: string | number, { json = false, ...flags }: WhoFlags): Promise<number> {
  const host = openHost();
  const { project, target } = await openTarget(said, flags);
  await using registry = project.registry;
  const ledger: Ledger = { leases: await registry.list(), reservations: await registry.reservations() };
  const ports = await withShortNames(project, async () => portsOf(target, ledger));
  const reports: PortReport[] = [];
  for (const port of ports) reports.push(await reportPort(host, port, ledger));
  if (json) await print(`${JSON.stringify({ version: JSON_VERSION, ports: reports }, null, 2)}\n`);
  else {
    const places = await project.places();
    await print(reports.map((report) => table(toRows(report, { host, places }))).join("\n"));
  }
  return reports.some(isAnybodys) ? EXIT.OK : EXIT.NOT_FOUND;
}

/** What a report is told with. */
interface Setting {
  readonly host: Host;
  readonly places: readonly KnownProject[];
}

function toRows(report: PortReport, setting: Setting): string[][] {
  const { port, listeners, leases, reservations } = report;
  const processes = [
    ...new Map((listeners ?? []).flatMap(({ owners }) => owners).map((one) => [one.pid, one])).values(),
  ];
  const hidden = processes.length - MOST_PROCESSES;
  return [
    ["port", `${port}${isAnybodys(report) ? "" : ": nobody has it"}`],
    ...(listeners ?? []).map((one) => ["listens", `${formatSocket(one)}, ${byWhom(one)}`]),
    ...(listeners === null ? [["listens", "not known: this system does not tell"]] : []),
    ...processes.slice(0, MOST_PROCESSES).flatMap(toProcessRows),
    ...(hidden > 0 ? [["", `… and ${hidden} more; --json shows all`]] : []),
    ...leases.flatMap((lease) => toLeaseRows(lease, setting)),
    ...reservations.flatMap((kept) => toKeptRows(kept, leases, setting.places)),
    ...toElsewhereRows(report),
    ...toBindRows(report),
    ...toNumberRows(report),
  ];
}

function byWhom(listener: Parameters<typeof formatOwners>[0]): string {
  const pids = listener.owners.map(({ pid }) => pid);
  return pids.length === 0 ? `by ${formatOwners(listener)}` : `by ${formatPids(pids)}`;
}

/** "pid 4711, 4712, 4713 and 5 more". */
function formatPids(pids: readonly number[]): string {
  const more = pids.length - MOST_PROCESSES;
  return `pid ${pids.slice(0, MOST_PROCESSES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function toProcessRows(owner: ReportedOwner): string[][] {
  const { pid, command, uid, startedAt, parents, folder, project, container } = owner;
  const user = uid === null ? "" : `of ${uid === viewer() ? userName(uid) : `uid ${uid}`}, `;
  const place = project === null || project === folder ? "" : ` of the project ${printable(project)}`;
  return [
    ["process", `${pid}  ${command}`],
    ["", `${user}started ${formatAge(Date.now() - startedAt)} ago`],
    ...(folder === null
      ? []
      : [["", `in ${printable(folder)}${place || (project === null ? "" : ", a project")}`]]),
    ...parents
      .slice(0, MOST_PARENTS)
      .map((parent, at) => ["", `${"  ".repeat(at)}child of ${formatHolder(parent)}`]),
    ...(container === null ? [] : [["", `in container ${shortContainer(container)}`]]),
  ];
}

/** Leased where this registry does not see it, or had by a process whose lease is over. */
function toElsewhereRows({ leasedElsewhere, leasedElsewhereBy }: PortReport): string[][] {
  if (leasedElsewhere.length === 0) return [];
  const seen = leasedElsewhereBy.map(formatHolder);
  const whom = seen.length > 0 ? seen : [formatOwners({ uid: null, owners: [] })];
  return [
    ...leasedElsewhere.map((protocol) => [
      "leased",
      `${protocol}, in another state folder or by another user, or by a process that has it though its lease is over`,
    ]),
    ...whom.map((one) => ["", `had by ${one}`]),
  ];
}

function toLeaseRows(lease: InspectedLease, { host, places }: Setting): string[][] {
  const { name, state, isHeldInKernel, id } = lease;
  const { shown, where } = describeName(name ?? id, places);
  return [
    ["lease", `${shown}: ${formatPlace(lease)}, ${state}`],
    ...where.map((line) => ["", line]),
    ...toTenantLines(lease, host).map((line) => ["", line]),
    ...(isHeldInKernel ? [["", "its holder keeps it in the kernel too"]] : []),
  ];
}

/** What a lease was said to belong to is not said again. */
function toKeptRows(
  kept: Reservation,
  leases: readonly InspectedLease[],
  places: readonly KnownProject[],
): string[][] {
  const { shown, where } = describeName(kept.name, places);
  const further = leases.some(({ name }) => name === kept.name) ? [] : where;
  return [["kept", `for ${shown}: ${formatPlace(kept)}`], ...further.map((line) => ["", line])];
}

/** A name as people know it; of a service with where it belongs. */
function describeName(
  name: string,
  places: readonly KnownProject[],
): { readonly shown: string; readonly where: readonly string[] } {
  const parts = parseServiceName(name);
  const project = places.find(({ id }) => id === parts?.project);
  const worktree = project?.worktrees.find(({ id }) => id === parts?.worktree);
  if (!parts || !project || !worktree) return { shown: name, where: [] };
  const { label, folder } = worktree;
  return {
    shown: parts.service,
    where: [`a service of ${printable(project.label)} [${printable(label)}] in ${printable(folder)}`],
  };
}

/** Who has it, and on what terms. */
function toTenantLines(lease: InspectedLease, host: Host): string[] {
  const { holder, heir, livesWith, hasTimeLimit } = lease;
  const age = formatAge(Date.now() - lease.grantedAt);
  const former = formatHolder(holder);
  if (livesWith === "holder") {
    return [`held by ${former}, for ${age}`, ...(heir ? [`for the command ${formatHolder(heir)}`] : [])];
  }
  if (livesWith === "heir") {
    return [`held by ${formatHolder(tenantOf(lease))}, for ${age}`, `left to it by ${former}, which is gone`];
  }
  if (livesWith === "time") return [`given to ${former} ${age} ago, for a time that is not over`];
  if (hasTimeLimit) return [`was held by ${former}, and its time is over`];
  // On an engine a lease ends with its session, which a process that was stopped does not keep up.
  const isThere = host.liveness(holder) === "alive";
  return [`was held by ${former}, ${isThere ? "whose session is over" : "which is gone"}`];
}

/** What a server would meet that binds the whole port; of UDP only where that is in use. */
function toBindRows({ outlooks, listeners }: PortReport): string[][] {
  const hasUdp = (listeners ?? []).some(({ protocol }) => protocol === "udp");
  return outlooks
    .filter(({ protocol }) => protocol === "tcp" || hasUdp)
    .map((outlook) => ["bind", `${outlook.protocol} ${formatOutlook(outlook)}`]);
}

function formatOutlook({ reuseAddress, refusedBy }: Outlook): string {
  const how = `${reuseAddress ? "with" : "without"} SO_REUSEADDR`;
  if (!refusedBy) return `${how}: nothing known is in the way`;
  const { rule, address } = refusedBy;
  if (rule === "datagram" && reuseAddress) {
    return `${how}: refused (EADDRINUSE), if the socket on ${address} was bound without it`;
  }
  const why = {
    listener: `${address} listens`,
    datagram: `${address} is bound`,
    hold: "the holder of the lease keeps it",
  }[rule];
  return `${how}: refused, ${why} (EADDRINUSE)`;
}

function toNumberRows({ facts }: PortReport): string[][] {
  const { isEphemeral, isReserved, isPrivileged, isRefusedByBrowsers } = facts;
  return [
    isEphemeral ? "in the ephemeral range: the kernel gives it to bind(0) and connect() too" : "",
    isReserved ? "reserved in the kernel: it is given to nobody who does not ask for it by number" : "",
    isPrivileged ? "privileged: only root and CAP_NET_BIND_SERVICE may bind it (EACCES)" : "",
    isRefusedByBrowsers ? "browsers and fetch() refuse to connect to it" : "",
  ]
    .filter((fact) => fact !== "")
    .map((fact) => ["number", fact]);
}
