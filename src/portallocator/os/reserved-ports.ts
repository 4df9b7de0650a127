// The ports that the kernel keeps out of its automatic choices, out of the text of its file:
// "8080,30000-30002". A text that is wrong anywhere says nothing at all.

import { MAX_PORT } from "../../core/expect.ts";
import { PortBits } from "../../core/port-bits.ts";
import type { NumberRange } from "./kernel-range.ts";

export const RESERVED_FILE = "/proc/sys/net/ipv4/ip_local_reserved_ports";

/** The ports of the text that lie in the range, in rising order; `undefined` when it is no list of ports. */
export function parseReservedPorts(text: string, range: NumberRange): number[] | undefined {
  const list = text.trim();
  const ports = new PortBits();
  for (const entry of list === "" ? [] : list.split(",")) {
    const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/u.exec(entry) ?? [];
    if (first === "" || Number(last) > MAX_PORT || Number(first) > Number(last)) return undefined;
    const end = Math.min(Number(last), range.end);
    for (let port = Math.max(Number(first), range.begin); port <= end; port++) ports.add(port);
  }
  return [...ports];
}
