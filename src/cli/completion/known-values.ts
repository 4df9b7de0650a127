// The names and ports that a registry knows, for whoever completes a command line: quick.

import { existsSync } from "node:fs";
import { stateDirectory, surroundings } from "../../node/state-directory.ts";
import { type Config, findPlace, openProject, readConfig } from "../../project/index.ts";
import { printable } from "../../report/describe.ts";
import type { Candidate, KnownOptions, ValueKind } from "./complete.ts";

/** For how long somebody who presses a key is kept waiting, in milliseconds. */
const LONGEST_MS = 2000;

/** Leased and kept ports, or names: the services of this place by their own, all others by their full ones. */
export async function knownValues(
  kind: ValueKind,
  { isGlobal }: KnownOptions,
): Promise<readonly Candidate[]> {
  const values = new Map<string, Candidate>();
  const add = (value: string, description: string): void => {
    if (!values.has(value)) values.set(value, { value, description: printable(description) });
  };
  const addConfigured = (): void => {
    if (kind === "name" && !isGlobal)
      for (const service of configuredHere().services.keys()) add(service, "of the config");
  };
  if (kind === "group")
    return [...configuredHere().groups].map(([value, members]) => ({
      value,
      description: members.join(", "),
    }));
  if (kind === "service")
    return [...configuredHere().services.values()]
      .filter(({ command }) => command !== null)
      .map(({ name }) => ({ value: name, description: "of the config" }));
  // Opening would make it.
  if (!existsSync(stateDirectory(undefined, surroundings()))) {
    addConfigured();
    return [...values.values()];
  }
  await using project = await openProject();
  const signal = AbortSignal.timeout(LONGEST_MS);
  const leases = await project.registry.list({ signal });
  const kept = await project.registry.reservations({ signal });
  const nameOf = (name: string): string => (isGlobal ? name : (project.serviceOf(name) ?? name));
  for (const { name, ports, holder } of leases) {
    if (kind === "port") for (const port of ports) add(String(port), name ?? holder.command);
    else if (name !== null) add(nameOf(name), `${ports.join(", ")}, ${holder.command}`);
  }
  for (const { name, ports } of kept) {
    if (kind === "port") for (const port of ports) add(String(port), `kept for ${name}`);
    else add(nameOf(name), `${ports.join(", ")}, kept`);
  }
  addConfigured();
  return [...values.values()];
}

/** What the config of this place names: nothing where it cannot be read. */
function configuredHere(): Pick<Config, "services" | "groups"> {
  try {
    return readConfig(findPlace(process.cwd()));
  } catch {
    return { services: new Map(), groups: new Map() };
  }
}
