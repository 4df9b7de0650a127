// moorage release: gives back a lease by its name, or a port.

import { parsePort, PortError } from "../../core/index.ts";
import { type LeaseInfo, open, type Registry } from "../../node/index.ts";
import { formatHolder, formatPorts } from "../../registry/index.ts";
import { EXIT } from "../exit-codes.ts";
import { say } from "../output.ts";

export interface ReleaseFlags {
  readonly force?: boolean;
  readonly giveUp?: boolean;
}

export async function release(target: string, flags: ReleaseFlags): Promise<number> {
  await using registry = await open();
  if (flags.giveUp === true) return await giveUp(registry, target);
  for (const { name, ports, holder } of await giveBack(registry, target, flags.force ?? false)) {
    say(
      `released ${formatPorts(ports)}${name === null ? "" : ` of ${name}`}, held by ${formatHolder(holder)}`,
    );
  }
  return EXIT.OK;
}

async function giveUp(registry: Registry, name: string): Promise<number> {
  if (/^\d+$/u.test(name)) throw await noNameFor(registry, name);
  const { ports } = await registry.giveUp(name);
  say(`${name} does not keep ${formatPorts(ports)} any more`);
  return EXIT.OK;
}

/** Somebody who says a port means the name that keeps it. */
async function noNameFor(registry: Registry, port: string): Promise<RangeError> {
  const kept = (await registry.reservations()).find(({ ports }) => ports.includes(Number(port)));
  const keeps = kept ? `; ${kept.name} keeps it: \`moorage release --give-up ${kept.name}\`` : "";
  return new RangeError(`\`--give-up\`: expected the name that keeps ports, received ${port}${keeps}`);
}

async function giveBack(registry: Registry, target: string, force: boolean): Promise<LeaseInfo[]> {
  try {
    // No name is a number.
    return await registry.release(/^\d+$/u.test(target) ? parsePort(target) : target, { force });
  } catch (error) {
    if (!PortError.is(error) || error.code !== "LEASE_HELD") throw error;
    const { ports, holder } = error;
    const message = `${formatPorts(ports)} ${ports.length === 1 ? "is" : "are"} leased to ${formatHolder(holder)}, which is running; use --force to take it away`;
    throw new PortError("LEASE_HELD", message, { ports, holder }, { cause: error });
  }
}
