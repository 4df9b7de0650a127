// moorage get: prints ports, one a line, leased to the process that called.

import { openHost } from "../../host/index.ts";
import type { RequestFlags } from "../arguments.ts";
import { findCaller } from "../caller.ts";
import { EXIT } from "../exit-codes.ts";
import { print, say } from "../output.ts";
import { openAsking } from "../service.ts";

export interface GetFlags extends RequestFlags {
  readonly for?: number;
}

/** There, a lease is kept alive by the process that took it, and this one ends at once. */
const ON_AN_ENGINE =
  "moorage: on an engine nothing keeps the lease of `get` alive: it ends in seconds, but for what a name keeps (--kept); use `moorage run`";

export async function get(count: number | undefined, { for: pid, ...request }: GetFlags): Promise<number> {
  const holder = pid ?? findCaller(openHost().ancestors())?.pid;
  if (holder === undefined) {
    // The parent is in another pid namespace: this is the first process of a container, or was put into it.
    throw new RangeError(
      "`--for`: no process to lease to, for the caller cannot be seen from here; use --for PID or `moorage run`",
    );
  }
  await using asking = await openAsking(request);
  const began = Date.now();
  const lease = await asking.lease({ ...(count !== undefined && { count }), for: holder });
  if (process.env["MOORAGE_STORE"]) say(ON_AN_ENGINE);
  let printed = false;
  try {
    printed = await print(lease.ports.map((port) => `${port}\n`).join(""));
  } finally {
    // Nobody knows of these ports. A lease that the holder had before is its own affair.
    if (!printed && lease.grantedAt >= began) await lease.release();
  }
  return printed ? EXIT.OK : EXIT.ERROR;
}
