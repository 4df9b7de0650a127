// Services of the config side by side, each with its own command.

import { statSync } from "node:fs";
import { PortError, type PortErrorDetails } from "../../core/index.ts";
import type { Lease } from "../../node/index.ts";
import type { Config, Project } from "../../project/index.ts";
import { formatHolder, formatPorts } from "../../registry/index.ts";
import { listenersOn } from "../../report/listeners.ts";
import { say } from "../output.ts";
import { type Job, pathFor, toTask } from "./job.ts";
import { prefixes, showsColours } from "./relay.ts";
import type { Task } from "./supervise.ts";

export interface GroupOptions {
  readonly hold: boolean;
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

/** Leases the ports of services, all or none. */
export async function leaseAll(
  project: Project,
  services: readonly string[],
  { hold, wait, signal }: GroupOptions,
): Promise<Map<string, Lease>> {
  const parts = Object.fromEntries(
    services.map((service) => [service, project.request(service, { hold })] as const),
  );
  await project.remember();
  try {
    const leases = await project.registry.acquireAll(parts, { wait, signal });
    return new Map(services.map((service) => [service, leases[service]!]));
  } catch (error) {
    if (PortError.is(error) && error.code === "NAME_HELD") error.message = heldHere(project, error);
    throw error;
  }
}

/** A service of the config can take no other name, and who starts it twice seldom wants to take its port away. */
function heldHere(project: Project, { leaseName, ports, holder }: PortErrorDetails["NAME_HELD"]): string {
  const service = project.serviceOf(leaseName) ?? leaseName;
  const where = `${service} is held here by ${formatHolder(holder)}, on ${formatPorts(ports)}`;
  return `${where}; use that one (\`moorage url ${service}\`), end it, or wait for its end (\`wait\`)`;
}

/**
 * The commands of services, those left out that run already where nobody keeps them.
 *
 * @throws PortError `INVALID_CONFIG` for a folder that is not there, `NAME_HELD` for a service that runs; nothing is
 * leased then.
 */
export async function tasksOf(
  project: Project,
  services: readonly string[],
  { variables, ready, ...options }: GroupOptions & Pick<Job, "variables" | "ready">,
): Promise<Task[]> {
  const running = await Promise.all(services.map((service) => runsAlready(project, service)));
  const begun = services.filter((_, at) => !running[at]);
  for (const service of begun) expectFolder(project.config, service);
  const leases = await leaseAll(project, begun, options);
  const tasks: Task[] = [];
  for (const [name, lease] of leases) {
    const service = project.config.services.get(name)!;
    const task = await toTask(project, {
      command: service.command!,
      folder: service.folder,
      leases: new Map([[name, lease]]),
      own: { label: name, service: name, port: lease.port },
      isOneOfMany: services.length > 1,
      variables,
      handed: undefined,
      ready,
    });
    const env = { ...task.line.env, PATH: pathFor(service, project.place.worktree.folder) };
    tasks.push({ ...task, line: { ...task.line, env }, isDetached: service.detached });
  }
  return tasks.length > 1 ? withPrefixes(tasks) : tasks;
}

/** Of a command in a folder that is not there the system says that there is no such command. */
function expectFolder({ file, services }: Config, service: string): void {
  const { folder } = services.get(service)!;
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const path = file ?? "";
  const at = `services.${service}.folder`;
  const message = `${path}: \`${at}\`: expected a folder, and there is none at ${folder}`;
  throw new PortError("INVALID_CONFIG", message, { path, at });
}

function withPrefixes(tasks: readonly Task[]): Task[] {
  const labels = tasks.map(({ label }) => label);
  const stdout = prefixes(labels, showsColours(process.stdout));
  const stderr = prefixes(labels, showsColours(process.stderr));
  return tasks.map((task) => ({
    ...task,
    prefix: { stdout: stdout.get(task.label)!, stderr: stderr.get(task.label)! },
  }));
}

/**
 * Whether a service that outlives its command is there still: somebody has its lease, or listens on the port that it
 * keeps. Its command is not run again then.
 */
async function runsAlready(project: Project, service: string): Promise<boolean> {
  if (project.config.services.get(service)?.detached !== true) return false;
  const ports = await project.portsOf(service);
  if (!ports) return false;
  const leases = await project.registry.list();
  const isLeased = leases.some(({ name, state }) => name === project.nameOf(service) && state === "held");
  const isThere = isLeased || (await isListenedOn(ports));
  if (isThere) say(`moorage: ${service} runs already, on ${formatPorts(ports)}`);
  return isThere;
}

async function isListenedOn(ports: readonly number[]): Promise<boolean> {
  try {
    return (await listenersOn(ports)).length > 0;
  } catch (error) {
    if (PortError.is(error) && error.code === "HOST_UNSUPPORTED") return false;
    throw error;
  }
}
