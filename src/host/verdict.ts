// What an error of bind() says about a port.

import type { Verdict } from "../contract/index.ts";

/** @throws the error itself, when it says nothing about the port. */
export function judge(error: NodeJS.ErrnoException | undefined): Verdict {
  switch (error?.code) {
    case undefined:
      if (error) throw error;
      return "free";
    case "EADDRINUSE":
      return "stranger";
    // Windows answers so for ports that a service has excluded.
    case "EACCES":
    case "EPERM":
      return "forbidden";
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "EINVAL":
      return "no-address";
    default:
      throw error;
  }
}
