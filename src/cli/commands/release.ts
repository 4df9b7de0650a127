// moorage release: gives back a lease by its name, or a port.

import { parsePort, PortError } from "../../core/index.ts";
import type { LeaseInfo, Registry } from "../../node/index.ts";
import type { Project } from "../../project/index.ts";
import { formatHolder, formatPorts } from "../../registry/index.ts";
import { EXIT } from "../exit-codes.ts";
import { say } from "../output.ts";
import { openTarget, shortNames, type TargetFlags, withShortNames } from "../target.ts";

export interface ReleaseFlags extends TargetFlags {
  readonly force?: boolean;
  readonly giveUp?: boolean;
}

export async function release(said: string, flags: ReleaseFlags): Promise<number> {
  // No name is a number.
  const { project, target } = await openTarget(/^\d+$/u.test(said) ? parsePort(said) : said, flags);
  await using registry = project.registry;
  return await withShortNames(project, async () => {
    if (flags.giveUp === true) return await giveUp(project, target);
    for (const { name, ports, holder } of await giveBack(registry, target, flags.force ?? false)) {
      const of = name === null ? "" : ` of ${shortNames(project, name)}`;
      say(`released ${formatPorts(ports)}${of}, held by ${formatHolder(holder)}`);
    }
    return EXIT.OK;
  });
}

async function giveUp(project: Project, target: string | number): Promise<number> {
  if (typeof target === "number") throw await noNameFor(project.registry, target);
  const { name, ports } = await project.registry.giveUp(target);
  say(`${shortNames(project, name)} does not keep ${formatPorts(ports)} any more`);
  return EXIT.OK;
}

/** Somebody who says a port means the name that keeps it. */
async function noNameFor(registry: Registry, port: number): Promise<RangeError> {
  const kept = (await registry.reservations()).find(({ ports }) => ports.includes(port));
  const keeps = kept ? `; ${kept.name} keeps it: \`moorage release --give-up ${kept.name}\`` : "";
  return new RangeError(`\`--give-up\`: expected the name that keeps ports, received ${port}${keeps}`);
}

async function giveBack(registry: Registry, target: string | number, force: boolean): Promise<LeaseInfo[]> {
  try {
    return await registry.release(target, { force });
  } catch (error) {
    if (!PortError.is(error) || error.code !== "LEASE_HELD") throw error;
    const { ports, holder } = error;
    const message = `${formatPorts(ports)} ${ports.length === 1 ? "is" : "are"} leased to ${formatHolder(holder)}, which is running; use --force to take it away`;
    throw new PortError("LEASE_HELD", message, { ports, holder }, { cause: error });
  }
}
