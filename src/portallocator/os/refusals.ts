// What an error of bind() or listen() says to whoever asked for a port, and what the end of a search says.

import { PortError } from "../../core/errors.ts";

/** A refusal of one port, which says nothing about the next one. */
export type PortRefusal = PortError<"PORT_IN_USE"> | PortError<"PORT_FORBIDDEN">;

/** The refusal that a system error means; `undefined` when it says nothing about the port. */
export function refusalOf(
  cause: NodeJS.ErrnoException,
  endpoint: string,
  address: string,
  port: number,
): PortError | undefined {
  const failed = `failed to bind host port ${endpoint}`;
  switch (cause.code) {
    case "EADDRINUSE":
      return new PortError("PORT_IN_USE", `${failed}: address already in use`, { address, port }, { cause });
    // Windows answers so for ports that a service has excluded.
    case "EACCES":
    case "EPERM":
      return new PortError("PORT_FORBIDDEN", `${failed}: permission denied`, { address, port }, { cause });
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "EINVAL": {
      const message = `${failed}: this machine does not have the address ${address}`;
      return new PortError("INVALID_ADDRESS", message, { input: address, position: 0 }, { cause });
    }
    default:
      return undefined;
  }
}

export function isPortRefusal(error: unknown): error is PortRefusal {
  return PortError.is(error) && (error.code === "PORT_IN_USE" || error.code === "PORT_FORBIDDEN");
}

/** No port was left to try: so many were refused by the system, `latest` the last of them. */
export function exhausted(refused: number, latest: PortRefusal): PortError<"NO_PORT_AVAILABLE"> {
  const those = refused === 1 ? "the one that was left" : `the ${refused} that were left`;
  const message = `no port is free: the system refused ${those}; ${latest.message}`;
  return new PortError("NO_PORT_AVAILABLE", message, {}, { cause: latest });
}
