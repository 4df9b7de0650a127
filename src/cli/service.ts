// A lease as `--name` and `--global` ask for it: of a service of this place, which keeps its port, or of a name for the
// whole machine; without a name, of nobody.

import { homedir } from "node:os";
import { type Lease, open, type Registry } from "../node/index.ts";
import { expectService, formatShortfall, openProject, type Project } from "../project/index.ts";
import { acquireAsked, type AskedRequest } from "./acquire.ts";
import type { RequestFlags } from "./arguments.ts";
import { say } from "./output.ts";

type Further = Parameters<typeof acquireAsked>[2];

/** Leases what is asked for. The registry is to be closed by the caller, also when this throws. */
export interface Asking extends AsyncDisposable {
  lease(further: Further): Promise<Lease>;
  /** Gives back what this process has. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws TypeError for `--global` without a name. */
export async function openAsking(asked: RequestFlags): Promise<Asking> {
  expectNamed(asked);
  const { global = false, ...flags } = asked;
  const { name } = flags;
  if (name === undefined || global) return onRegistry(await open(), flags);
  expectService("--name", name);
  const project = await openProject();
  return {
    lease: (further) => leaseService(project, name, { flags, further }),
    [Symbol.asyncDispose]: () => project.close(),
  };
}

/** @throws TypeError for `--global` without a name. */
export function expectNamed({ name, global = false }: RequestFlags): void {
  if (global && name === undefined) {
    throw new TypeError("`--global`: says whose the name is; give `--name` too");
  }
}

function onRegistry(registry: Registry, flags: AskedRequest): Asking {
  return {
    lease: (further) => acquireAsked(registry, flags, further),
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

interface Wishes {
  readonly flags: Omit<RequestFlags, "global">;
  readonly further: Further;
}

/** Leases the port of a service, and says who has the one that it wanted. */
export async function leaseService(
  project: Project,
  service: string,
  { flags, further }: Wishes,
): Promise<Lease> {
  const { wait, ...wishes } = flags;
  const { wait: _, ...asked } = project.request(service, wishes);
  const request: AskedRequest = { ...asked, ...(wait !== undefined && { wait }) };
  const before = await project.portsOf(service);
  await project.remember();
  const lease = await acquireAsked(project.registry, request, further);
  // One that it keeps since yesterday is no news, but for who wishes for another one.
  if (flags.ports !== undefined || (before !== undefined && flags.prefer === undefined)) return lease;
  const shortfall = await project.shortfall(service, lease.port, flags.prefer);
  if (shortfall) say(formatShortfall(service, shortfall, homedir()));
  return lease;
}
