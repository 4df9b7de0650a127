// The kernel's settings for ports, out of their files in /proc. They only steer which ports are tried first,
// so a file that cannot be read or understood is no reason to refuse a port: then the default counts.

import type { PortSettings } from "../contract/index.ts";
import { MAX_PORT, MIN_PORT } from "../core/expect.ts";
import { PortBits } from "../core/port-bits.ts";
import { readText } from "./proc.ts";

/** The kernel's own default (ip(7)). */
const DEFAULT_EPHEMERAL = { first: 32768, last: 60999 };
const DEFAULT_UNPRIVILEGED_START = 1024;

export function readSettings(): PortSettings {
  return {
    ephemeral: parseEphemeral(readSetting("ip_local_port_range")),
    reserved: parseReserved(readSetting("ip_local_reserved_ports")),
    unprivilegedStart: parseStart(readSetting("ip_unprivileged_port_start")),
  };
}

/** "32768\t60999" as a range. */
export function parseEphemeral(text: string): PortSettings["ephemeral"] {
  const [, from, to] = /^(\d+)\s+(\d+)$/u.exec(text.trim()) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= MIN_PORT && first <= last && last <= MAX_PORT ? { first, last } : DEFAULT_EPHEMERAL;
}

/**
 * "0-2,8080" as the ports 1, 2 and 8080: the kernel counts 0 among the ports. What is no port or range says
 * nothing; the last one of a long list may be cut off.
 */
export function parseReserved(text: string): number[] {
  const ports = new PortBits();
  for (const entry of text.trim().split(",")) {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/u.exec(entry) ?? [];
    if (Number(to) > MAX_PORT) continue;
    for (let port = Math.max(Number(from), MIN_PORT); port <= Number(to); port++) ports.add(port);
  }
  return [...ports];
}

/** 0 says that no port takes a privilege. */
export function parseStart(text: string): number {
  const start = /^\d+$/u.test(text.trim()) ? Number(text) : Infinity;
  return start <= MAX_PORT + 1 ? start : DEFAULT_UNPRIVILEGED_START;
}

function readSetting(name: string): string {
  try {
    return readText(`/proc/sys/net/ipv4/${name}`) ?? "";
  } catch {
    return "";
  }
}
