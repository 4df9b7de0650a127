// The services, names and ports that can be meant here, for whoever completes a command line: quick.

import { existsSync } from "node:fs";
import { stateDirectory, surroundings } from "../../node/state-directory.ts";
import { openProject, type Project } from "../../project/index.ts";
import { printable } from "../../report/describe.ts";
import type { Candidate, ValueKind } from "./complete.ts";

/** For how long somebody who presses a key is kept waiting, in milliseconds. */
const LONGEST_MS = 2000;

/**
 * Services of this place, other leased and kept names, and ports, each with whose it is; nothing where the registry cannot
 * be read.
 */
export async function knownValues(kind: ValueKind): Promise<readonly Candidate[]> {
  // Opening would make it.
  if (!existsSync(stateDirectory(undefined, surroundings()))) return [];
  const project = await openProject();
  await using registry = project.registry;
  const signal = AbortSignal.timeout(LONGEST_MS);
  const leases = await registry.list({ signal });
  const kept = await registry.reservations({ signal });
  const values = new Map<string, Candidate>();
  const add = (value: string, description: string): void => {
    if (!values.has(value))
      values.set(value, { value: printable(value), description: printable(description) });
  };
  for (const { name, ports, holder } of leases) {
    const shown = project.serviceOf(name) ?? name;
    if (kind === "port") for (const port of ports) add(String(port), shown ?? holder.command);
    else if (shown !== null) add(shown, `${ports.join(", ")}, ${holder.command}`);
  }
  for (const { name, ports } of kept) {
    const shown = project.serviceOf(name) ?? name;
    if (kind === "port") for (const port of ports) add(String(port), `kept for ${shown}`);
    else add(shown, `${ports.join(", ")}, kept`);
  }
  if (kind === "name")
    for (const service of configured(project)) add(service, "a service that has no port yet");
  return [...values.values()];
}

/** The services of the config; none of one that cannot be read. */
function configured(project: Project): Iterable<string> {
  try {
    return project.config.services.keys();
  } catch {
    return [];
  }
}
