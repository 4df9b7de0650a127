// moorage port and url: what a service has, or will have: the value alone.

import { describe } from "../../core/expect.ts";
import { didYouMean, type Project } from "../../project/index.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say } from "../output.ts";
import { openTarget, type TargetFlags } from "../target.ts";

export async function port(said: string, flags: TargetFlags): Promise<number> {
  const { project, target } = await openTarget(said, flags);
  await using _ = project;
  const service = await serviceFor(project, said, String(target));
  const found = service === null ? await portOfName(project, String(target)) : await portOf(project, service);
  return await printValue(String(found));
}

export async function url(said: string, flags: TargetFlags): Promise<number> {
  const { project, target } = await openTarget(said, flags);
  await using _ = project;
  const service = await serviceFor(project, said, String(target));
  return await printValue(
    service === null
      ? `http://localhost:${await portOfName(project, String(target))}`
      : await project.url(service),
  );
}

async function printValue(value: string): Promise<number> {
  return (await print(`${value}\n`)) ? EXIT.OK : EXIT.ERROR;
}

async function portOf(project: Project, service: string): Promise<number> {
  return (await project.ports([service])).get(service)!;
}

/**
 * The service of this place that is meant; `null`: it is a name of another place, or of none.
 *
 * @throws RangeError for one that neither has a port nor is in a config that has services: nobody wants a port for a typo.
 */
async function serviceFor(project: Project, said: string, target: string): Promise<string | null> {
  const service = project.serviceOf(target);
  if (service === null) return null;
  const { file, services } = project.config;
  if (services.has(service) || (await project.portsOf(service))) return service;
  if (services.size === 0) {
    sayNew(service);
    return service;
  }
  const known = [...services.keys()];
  throw new RangeError(
    `\`name\`: expected a service of ${file} (${known.join(", ")}) or a name that has a port, received ${describe(said)}${didYouMean(said, known)}`,
  );
}

/** Without a config nothing tells a typo from a service that is to run: who types it sees that a port is given for it. */
function sayNew(service: string): void {
  if (!process.stderr.isTTY) return;
  const undo = `moorage release --give-up ${service}`;
  say(`moorage: ${service} has not run here yet: it is given a port, and keeps it until \`${undo}\``);
}

async function portOfName({ registry }: Project, name: string): Promise<number> {
  const [found] = [...(await registry.list()), ...(await registry.reservations())].filter(
    (one) => one.name === name,
  );
  if (found) return found.ports[0]!;
  throw new RangeError(
    `\`name\`: expected one that has a port, received ${describe(name)}; see \`moorage ls\``,
  );
}
