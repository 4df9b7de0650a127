// What a command is told in its environment: its port, its siblings', the leases that it has.

import {
  portVariable,
  PORTS_VARIABLE,
  type Project,
  serviceOf,
  tellPorts,
  urlVariable,
} from "../../project/index.ts";
import type { Job } from "./job.ts";
import { expandTexts, type Meanings } from "./texts.ts";

/** The variables that say the port of a command, the first one for people; none for one that has several. */
export function portVariables(project: Project, { own, variables }: Job): string[] {
  if (!own) return [];
  const named = variables.filter(({ text }) => text === null).map(({ name }) => name);
  return named.length > 0 ? named : [usualVariable(project, own.service)];
}

/**
 * The environment of a command: this process's, its siblings', its own port, what `--env` says. Where there are several
 * ports, a PORT from outside is not passed on: it is none of them.
 */
export async function environmentFor(
  project: Project,
  job: Job,
  meanings: Meanings,
): Promise<NodeJS.ProcessEnv> {
  const inherited = { ...process.env };
  if (job.isOneOfMany) delete inherited["PORT"];
  const ports = portVariables(project, job).map((name) => [name, String(job.own!.port)]);
  const texts = job.variables.flatMap(({ name, text }) => (text === null ? [] : [{ name, text }]));
  const values = await expandTexts(
    "env",
    texts.map(({ text }) => text),
    meanings,
  );
  return {
    ...inherited,
    ...(await siblings(project, job, meanings)),
    MOORAGE_LEASE: [...job.leases.values()].map(({ id }) => id).join(","),
    ...Object.fromEntries(ports),
    ...Object.fromEntries(texts.map(({ name }, at) => [name, values[at]])),
  };
}

/**
 * WEB_PORT, API_URL … of the config's services, the `vars` of the command's own, and the same for `portSync`. A second one
 * of a service ("web-2") is that service to itself.
 */
async function siblings(
  project: Project,
  { own, leases }: Job,
  { own: meant }: Meanings,
): Promise<Record<string, string>> {
  if (!own) {
    const services = [...leases.keys()];
    return { ...(await project.variables(services)), ...(await forPortSync(project, services)) };
  }
  const { service, port } = own;
  if (service === null) return {};
  const all = [...project.config.services.keys()];
  const told = await forPortSync(project, all, [service, port]);
  if (all.length === 0) return told;
  const variables = await project.variables(all, { for: service });
  // `--env` can say another name for it.
  delete variables[usualVariable(project, service)];
  const itself = { [portVariable(service)]: String(port), [urlVariable(service)]: meant?.url ?? "" };
  return { ...variables, ...itself, ...told };
}

async function forPortSync(
  project: Project,
  services: readonly string[],
  ...own: readonly (readonly [service: string, port: number])[]
): Promise<Record<string, string>> {
  const ports = new Map([...(await project.ports(services)), ...own]);
  const named = [...ports].map(([service, port]) => [project.nameOf(service), port] as const);
  return { [PORTS_VARIABLE]: tellPorts(named) };
}

function usualVariable(project: Project, service: string | null): string {
  return service === null ? "PORT" : serviceOf(project.config, service, project.place).env;
}
