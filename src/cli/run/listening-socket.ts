// The socket that `run --fd` hands to its command.

import type { ListeningHold } from "../../contract/index.ts";
import { bindingOf, PortError, type Transport } from "../../core/index.ts";
import { openHost } from "../../host/index.ts";

/** @throws RangeError when the lease is not one of TCP: nobody listens on UDP. */
export function expectTcp(protocols: readonly Transport[] = ["tcp"]): void {
  if (protocols.includes("tcp")) return;
  throw new RangeError(`\`--fd\`: expected tcp among the protocols, received ${protocols.join(",")}`);
}

/**
 * Listens on the whole of a leased port.
 *
 * @throws PortError `PORT_IN_USE` when another program listened first; `HOST_UNSUPPORTED`.
 */
export async function listenOn(port: number): Promise<ListeningHold> {
  const { listen } = openHost();
  if (!listen) {
    throw new PortError("HOST_UNSUPPORTED", "`--fd`: no socket can be handed to another process here", {
      missing: "a socket that listens and is not accepted from",
    });
  }
  const address = "::";
  const hold = await listen(bindingOf({ protocol: "tcp", address, port }));
  if (typeof hold === "object") return hold;
  const message = `port ${port} was leased, but cannot be listened on now (${hold}); try again`;
  throw new PortError("PORT_IN_USE", message, { address, port });
}
