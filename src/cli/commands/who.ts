// moorage who: everything that is known of a port, leased or not, in one screen.

import { openHost } from "../../host/index.ts";
import type { Outlook } from "../../inspect/index.ts";
import { type InspectedLease, open } from "../../node/index.ts";
import { viewer } from "../../node/inspect.ts";
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

export interface WhoFlags {
  readonly json?: boolean;
}

/** The version of the shape that `--json` prints; it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** Processes of one port that are shown whole, and parents of one, so that all fits on a screen. */
const MOST_PROCESSES = 3;
const MOST_PARENTS = 3;

export async function who(target: string | number, { json = false }: WhoFlags): Promise<number> {
  const host = openHost();
  await using registry = await open();
  const ledger: Ledger = { leases: await registry.list(), reservations: await registry.reservations() };
  const reports: PortReport[] = [];
  for (const port of portsOf(target, ledger)) reports.push(await reportPort(host, port, ledger));
  if (json) await print(`${JSON.stringify({ version: JSON_VERSION, ports: reports }, null, 2)}\n`);
  else await print(reports.map((report) => table(toRows(report))).join("\n"));
  return reports.some(isAnybodys) ? EXIT.OK : EXIT.NOT_FOUND;
}

function toRows(report: PortReport): string[][] {
  const { port, listeners, leases, reservations, leasedElsewhere } = report;
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
    ...leases.flatMap(toLeaseRows),
    ...reservations.map((kept) => ["kept", `for ${kept.name}: ${formatPlace(kept)}`]),
    ...leasedElsewhere.map((protocol) => [
      "leased",
      `${protocol}, in another state folder or by another user`,
    ]),
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

function toLeaseRows(lease: InspectedLease): string[][] {
  const { name, state, isHeldInKernel, id } = lease;
  return [
    ["lease", `${name ?? id}: ${formatPlace(lease)}, ${state}`],
    ...toTenantLines(lease).map((line) => ["", line]),
    ...(isHeldInKernel ? [["", "its holder keeps it in the kernel too"]] : []),
  ];
}

/** Who has it, and on what terms. */
function toTenantLines(lease: InspectedLease): string[] {
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
  return [`was held by ${former}, ${hasTimeLimit ? "and its time is over" : "which is gone"}`];
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
