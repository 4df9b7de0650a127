// moorage release: gives back a lease by its name, or a port.

import { parsePort } from "../../core/index.ts";
import { open } from "../../node/index.ts";
import { formatHolder, formatPorts } from "../../registry/index.ts";
import { EXIT } from "../exit-codes.ts";
import { say } from "../output.ts";

export interface ReleaseFlags {
  readonly force?: boolean;
}

export async function release(target: string, flags: ReleaseFlags): Promise<number> {
  await using registry = await open();
  // A name is never a number, so that what looks like one is a port, and a wrong one is told as such.
  const released = await registry.release(
    /^[+-]?\d/u.test(target) && !/[a-z]/iu.test(target) ? parsePort(target) : target,
    flags,
  );
  for (const { name, ports, holder } of released) {
    say(
      `released ${formatPorts(ports)}${name === null ? "" : ` of ${name}`}, held by ${formatHolder(holder)}`,
    );
  }
  return EXIT.OK;
}
