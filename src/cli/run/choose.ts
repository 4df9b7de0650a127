// The lease of a command: of the service that it is, or of none.
//
// Without a name it is the service that is implied by the folder; one that runs already is followed by "web-2". Inside
// another `moorage run` the lease that this one has for it is taken up: the same service, on the same port.

import { PortError } from "../../core/index.ts";
import { openHost } from "../../host/index.ts";
import type { AcquireOptions, Lease } from "../../node/index.ts";
import { expectService, impliedService, type Project } from "../../project/index.ts";
import { acquireAsked } from "../acquire.ts";
import type { RequestFlags } from "../arguments.ts";
import { say } from "../output.ts";
import { expectNamed, leaseService } from "../service.ts";
import { labelByPorts } from "./supervise.ts";

/** A lease that a command is run with. */
export interface Chosen {
  readonly lease: Lease;
  /** The service as whose the config describes the command; `null`: none. */
  readonly service: string | null;
  /** What people call it. */
  readonly label: string;
}

type Further = Pick<AcquireOptions, "hold"> & { readonly signal: AbortSignal };

/** Leases a port for a command, as the flags say. */
export async function choose(project: Project, asked: RequestFlags, further: Further): Promise<Chosen> {
  expectNamed(asked);
  const { global = false, ...flags } = asked;
  const { name, ports, protocol } = flags;
  // Who says which ports it may be wants one of those, and not the one that the folder's service keeps.
  const isNameless = name === undefined && (ports !== undefined || protocol !== undefined);
  if (global || isNameless) {
    const call = (): Promise<Lease> => acquireAsked(project.registry, flags, further);
    const lease = await acquireOrAdopt(project, name, { call, signal: further.signal });
    return { lease, service: null, label: lease.name ?? labelByPorts(lease) };
  }
  const wishes = { flags, further };
  if (name === undefined) return await leaseImplied(project, wishes);
  expectService("--name", name);
  return await leaseAs(project, { service: name, as: name }, wishes);
}

interface Naming {
  /** The service that it is. */
  readonly service: string;
  /** The name that it is leased under. */
  readonly as: string;
}

interface Wishes {
  readonly flags: Omit<RequestFlags, "global">;
  readonly further: Further;
}

async function leaseAs(project: Project, { service, as }: Naming, wishes: Wishes): Promise<Chosen> {
  const call = (): Promise<Lease> => leaseService(project, as, wishes);
  const { signal } = wishes.further;
  const lease = await acquireOrAdopt(project, project.nameOf(as), { call, signal });
  return { lease, service, label: as };
}

async function leaseImplied(project: Project, wishes: Wishes): Promise<Chosen> {
  const service = (await outerService(project)) ?? impliedService(project.config, project.place);
  for (let number = 1; ; number++) {
    const as = number === 1 ? service : `${service}-${number}`;
    try {
      const chosen = await leaseAs(project, { service, as }, wishes);
      if (number > 1) say(`moorage: ${service} runs here already: this is ${as}`);
      return chosen;
    } catch (error) {
      const isRunning = PortError.is(error) && error.code === "NAME_HELD";
      if (!isRunning || wishes.flags.wait !== undefined) throw error;
    }
  }
}

/** The only service of this place that a `moorage run` around this one has leased for it; `undefined`: none, or several. */
async function outerService(project: Project): Promise<string | undefined> {
  const ids = (process.env["MOORAGE_LEASE"] ?? "").split(",").filter((id) => id !== "");
  if (ids.length === 0) return undefined;
  const leases = (await project.registry.list()).filter(
    ({ id, holder }) => ids.includes(id) && isAncestor(holder.pid),
  );
  const services = leases.flatMap(({ name }) => project.serviceOf(name) ?? []);
  return services.length === 1 ? services[0] : undefined;
}

interface Call {
  readonly call: () => Promise<Lease>;
  readonly signal: AbortSignal;
}

/** Leases by a call, or takes up what a `moorage run` around this one has by the same name: then that has it no more. */
async function acquireOrAdopt(
  project: Project,
  name: string | undefined,
  { call, signal }: Call,
): Promise<Lease> {
  try {
    return await call();
  } catch (error) {
    const isOuter = PortError.is(error) && error.code === "NAME_HELD" && isAncestor(error.holder.pid);
    if (!isOuter || name === undefined) throw error;
    return await project.registry.adopt(name, { signal });
  }
}

function isAncestor(pid: number): boolean {
  return openHost()
    .ancestors()
    .some((ancestor) => ancestor.pid === pid);
}
