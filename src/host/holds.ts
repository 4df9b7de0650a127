// Holds: sockets that are bound and do not listen, and stay so.
//
// Measured on Linux 6.18: the kernel gives a port held so to no bind(0) and no connect(), on no address, and refuses
// it to every bind() without SO_REUSEADDR; a server that sets SO_REUSEADDR, as Node's and most others do, binds it
// and listens. The whole port is held with one socket of both families, or one of IPv4 where there is no IPv6.
// Nobody sees a hold in /proc/net, and two of them can stand on one port: who may have one is the store's to say.

import type { Hold, Holds, Verdict } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";
import { type Endpoint, endpointOf, ipv4Of } from "./endpoint.ts";
import type { BindTcp, BoundSocket } from "./sockets.ts";
import { judge } from "./verdict.ts";

export function openHolds(bind: BindTcp): Holds {
  return {
    take(bindings) {
      const sockets: BoundSocket[] = [];
      const release = (): void => {
        for (const socket of sockets.splice(0)) socket.close();
      };
      try {
        for (const binding of bindings) {
          const socket = bindToHold(bind, binding);
          if (typeof socket === "string") {
            release();
            return socket;
          }
          sockets.push(socket);
        }
      } catch (error) {
        release();
        throw error;
      }
      return { release } satisfies Hold;
    },
  };
}

/** A socket on all that a binding covers, or what stands in its way. */
export function bindToHold(bind: BindTcp, binding: Binding): BoundSocket | Exclude<Verdict, "free"> {
  const bound = attempt(bind, endpointOf(binding));
  const onIPv4 = ipv4Of(binding);
  return bound === "no-address" && onIPv4 ? attempt(bind, onIPv4) : bound;
}

function attempt(bind: BindTcp, endpoint: Endpoint): BoundSocket | Exclude<Verdict, "free"> {
  try {
    return bind(endpoint);
  } catch (error) {
    return judge(error as NodeJS.ErrnoException) as Exclude<Verdict, "free">;
  }
}
