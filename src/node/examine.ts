// The examination behind diagnose(): the runtime, the machine, the folder, the database, the records. It works on
// a copy of the slots and changes nothing.

import type { Host, Store } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { openHost } from "../host/index.ts";
import { type Audit, audit, readScope } from "../registry/audit.ts";
import type { RecordIssue } from "../registry/audit-records.ts";
import { auditScopes, mendScopes } from "../registry/audit-scopes.ts";
import { bindScope, defaultPool, holdersByHost, type World } from "../registry/index.ts";
import { SCOPES } from "../registry/scope.ts";
import type { CopiedStore } from "../stores/sqlite/copy.ts";
import { inspect } from "../stores/sqlite/inspect.ts";
import { REPAIR } from "../stores/sqlite/places.ts";
import { newAbortable, systemChance, systemClock } from "./clock.ts";
import type { Diagnosis, Finding } from "./doctor.ts";
import { machineFindings, runtimeFindings } from "./runtime-findings.ts";

export async function examine(directory: string): Promise<Diagnosis> {
  const findings: Finding[] = runtimeFindings();
  const host = findHost(findings);
  if (host) findings.push(...(await machineFindings(host)));
  if (!findings.some(({ check, state }) => check === "driver" && state === "problem")) {
    const { copy, ...inspection } = inspect(directory);
    findings.push(...inspection.findings);
    if (host && copy) findings.push(...(await recordFindings(copy, host)));
  }
  return { directory, healthy: !findings.some(({ state }) => state === "problem"), findings };
}

/** The world of an audit or a repair: nothing is granted in it. */
export function worldOf(store: Store, scope: string, host: Host): World {
  const world = {
    store,
    scope,
    host,
    clock: systemClock,
    chance: systemChance,
    newAbortable,
    defaultPool: defaultPool(host.settings()),
    quarantineMs: 0,
    testRun: () => undefined,
  };
  return { ...world, holders: holdersByHost(world) };
}

/** The host as it judges the holders of a scope: only those of its own scope have guards that it can see. */
export function hostFor(scope: string, own: string, host: Host): Host {
  return scope === own ? host : { ...host, guards: undefined };
}

export function findHost(findings: Finding[]): Host | undefined {
  try {
    return openHost();
  } catch (error) {
    if (!PortError.is(error)) throw error;
    findings.push({ check: "processes", state: "problem", message: error.message });
    return undefined;
  }
}

async function recordFindings(copy: CopiedStore, host: Host): Promise<Finding[]> {
  const used = copy.scopes.filter((scope) => scope !== SCOPES);
  const findings = (await auditScopes(copy, used)).map((issue) => toFinding("scopes", issue));
  // In the copy, to see what scope is this network namespace's.
  await mendScopes(copy, used, () => undefined);
  const own = await bindScope(copy, host);
  if (findings.length === 0) {
    const others = used.filter((scope) => scope !== own);
    const message = `${own}${others.length > 0 ? `; others in the same folder: ${others.join(", ")}` : ""}`;
    findings.push({ check: "scopes", state: "ok", message });
  }
  for (const scope of new Set([own, ...used])) {
    const world = worldOf(copy, scope, hostFor(scope, own, host));
    const found = await audit(world, await readScope(world));
    const where = scope === own ? "" : ` in scope ${scope}`;
    findings.push(...found.issues.map((issue) => toFinding("records", issue, where)));
    if (found.issues.length > 0) continue;
    findings.push({ check: "records", state: "ok", message: describeRecords(found) + where });
  }
  return findings;
}

export function toFinding(check: string, issue: RecordIssue, where = ""): Finding {
  const { severity, message, mend, advice = mend ? REPAIR : undefined } = issue;
  return { check, state: severity, message: message + where, ...(advice !== undefined && { advice }) };
}

/** "3 leases (1 abandoned), 2 names with kept ports, 0 waiting". */
export function describeRecords({ leases, abandoned, keptNames, waiting, deadWaiting }: Audit): string {
  return (
    `${count(leases, "lease")}${part(abandoned, "abandoned")}, ${count(keptNames, "name")} with kept ports, ` +
    `${waiting} waiting${part(deadWaiting, "dead")}`
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function part(number: number, which: string): string {
  return number === 0 ? "" : ` (${number} ${which})`;
}
