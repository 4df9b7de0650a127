// A binding as the runtime's calls want it.

import type { Binding } from "../core/index.ts";

export interface Endpoint {
  /** A numeric address, with its zone where it needs one. */
  readonly host: string;
  readonly port: number;
  /** Whether an IPv6 wildcard leaves IPv4 alone. */
  readonly v6only: boolean;
}

export function endpointOf({ address, port, device, v6only }: Binding): Endpoint {
  // A link-local address needs its zone, which is the device it is bound to.
  const host = address.family === 6 && device !== "" ? `${address.text}%${device}` : address.text;
  return { host, port, v6only };
}

/**
 * The IPv4 half of a binding of the whole port, which on a machine without IPv6 is all of it; `undefined` for any
 * other binding.
 */
export function ipv4Of({ address, port, v6only }: Binding): Endpoint | undefined {
  if (address.family === 4 || !address.isUnspecified || v6only) return undefined;
  return { host: "0.0.0.0", port, v6only: false };
}

/**
 * What a wildcard binding covers of the addresses that every machine has; nothing for a binding of one address. For
 * systems on which a wildcard address does not meet the others.
 */
export function coveredBy({ address, port, v6only }: Binding): Endpoint[] {
  if (!address.isUnspecified) return [];
  const onIPv6 = v6only ? ["::1"] : ["0.0.0.0", "127.0.0.1", "::1"];
  const hosts = address.family === 4 ? ["127.0.0.1"] : onIPv6;
  return hosts.map((host) => ({ host, port, v6only: false }));
}
