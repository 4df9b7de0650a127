// Which command a lease is shown with: what serves, and not what started it, in few words.

import type { ProcessIdentity } from "../../contract/index.ts";
import { shortCommand } from "../../host/index.ts";
import type { InspectedLease } from "../../inspect/index.ts";
import { tenantOf } from "../../report/describe.ts";

/** The process of the lease's own that listens, else the one that the lease lives with. */
export function processOf(lease: InspectedLease): Pick<ProcessIdentity, "pid" | "command"> {
  if (!lease.listeners?.length) return tenantOf(lease);
  const own = lease.listeners.find(({ ownership }) => ownership === "own");
  return own?.owners[0] ?? tenantOf(lease);
}

/** "next dev" of "moorage run --name web -- node /shop/node_modules/.bin/next dev". */
export function commandInside(command: string): string {
  const [, inside] = /^(?:node )?moorage(?:\.js)? run .*? -- (.+)$/u.exec(command) ?? [];
  return inside === undefined ? command : shortCommand(inside.split(" "));
}
