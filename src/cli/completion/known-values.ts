// The names and ports that a registry knows, for whoever completes a command line: quick.

import { existsSync } from "node:fs";
import { open } from "../../node/index.ts";
import { stateDirectory, surroundings } from "../../node/state-directory.ts";
import { printable } from "../../report/describe.ts";
import type { Candidate, ValueKind } from "./complete.ts";

/** For how long somebody who presses a key is kept waiting, in milliseconds. */
const LONGEST_MS = 2000;

/** Leased and kept names, and ports, each with whose it is; nothing where the registry cannot be read. */
export async function knownValues(kind: ValueKind): Promise<readonly Candidate[]> {
  // Opening would make it.
  if (!existsSync(stateDirectory(undefined, surroundings()))) return [];
  await using registry = await open();
  const signal = AbortSignal.timeout(LONGEST_MS);
  const leases = await registry.list({ signal });
  const kept = await registry.reservations({ signal });
  const values = new Map<string, Candidate>();
  const add = (value: string, description: string): void => {
    if (!values.has(value))
      values.set(value, { value: printable(value), description: printable(description) });
  };
  for (const { name, ports, holder } of leases) {
    if (kind === "port") for (const port of ports) add(String(port), name ?? holder.command);
    else if (name !== null) add(name, `${ports.join(", ")}, ${holder.command}`);
  }
  for (const { name, ports } of kept) {
    if (kind === "port") for (const port of ports) add(String(port), `kept for ${name}`);
    else add(name, `${ports.join(", ")}, kept`);
  }
  return [...values.values()];
}
