// What the doctor says of the kernel's settings for ports: what they are, what they mean for the default ports, and
// what to set. Source: ip(7), and Documentation/networking/ip-sysctl.rst of Linux.

import type { Host, PortSettings } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import { DEFAULT_RANGE, defaultPool } from "../registry/index.ts";
import type { Finding } from "./doctor.ts";

const DEFAULT_PORTS = `${DEFAULT_RANGE.first}-${DEFAULT_RANGE.last}`;
/** Of a list of ports, in a line. */
const LONGEST = 60;

export function settingsFindings(host: Pick<Host, "settings" | "listeners">): Finding[] {
  const settings = host.settings();
  // Who listens is read where the settings are: in /proc.
  if (!host.listeners) return [assumedFinding(settings), poolFinding(settings)];
  return [
    ephemeralFinding(settings),
    reservedFinding(settings),
    privilegedFinding(settings),
    poolFinding(settings),
  ];
}

function assumedFinding({ ephemeral }: PortSettings): Finding {
  const message = `taken to be ${ephemeral.first}-${ephemeral.last}: settings are not read on this system`;
  return { check: "ephemeral", state: "ok", message };
}

function ephemeralFinding(settings: PortSettings): Finding {
  const { first, last } = settings.ephemeral;
  const picked = PortSet.range(first, last).without(settings.reserved);
  const is = `${first}-${last}: the kernel picks from these for connect() and bind(0)`;
  const among = countAmong(defaultRange(), picked);
  if (among === 0) return { check: "ephemeral", state: "ok", message: `${is}; no default port is one` };
  // Where the default ports are not outside of the range, none is.
  const isAll = countAmong(defaultPool(settings).ports, picked) > 0;
  const consequence = isAll
    ? "all default ports are among them: connections can take those that nothing holds"
    : `${among} of ${DEFAULT_PORTS} are among them, and left out of the default ports`;
  const advice =
    `set net.ipv4.ip_local_port_range to a range outside ${DEFAULT_PORTS}, ` +
    `or net.ipv4.ip_local_reserved_ports to all of ${DEFAULT_PORTS}`;
  return { check: "ephemeral", state: "warning", message: `${is}; ${consequence}`, advice };
}

function reservedFinding(settings: PortSettings): Finding {
  if (settings.reserved.length === 0) {
    const message = "none: the kernel picks any port of its ephemeral range";
    return { check: "reserved", state: "ok", message };
  }
  const reserved = PortSet.of(settings.reserved);
  const is = `${shorten(String(reserved))}: the kernel picks none of these`;
  const among = countAmong(defaultRange(), reserved);
  // Where all are reserved, they are for whoever picks by default.
  const isAll = countAmong(defaultPool(settings).ports, reserved) > 0;
  const some =
    among === 0 ? "no default port is one" : `${among} of ${DEFAULT_PORTS} are among them, and left out`;
  const consequence = isAll ? "all default ports are among them" : some;
  return { check: "reserved", state: "ok", message: `${is}; ${consequence}` };
}

function privilegedFinding({ unprivilegedStart }: PortSettings): Finding {
  if (unprivilegedStart === 0) {
    return { check: "privileged", state: "ok", message: "none: every user may have every port" };
  }
  const is = `below ${unprivilegedStart}: these take root or CAP_NET_BIND_SERVICE`;
  const among = Math.min(unprivilegedStart - 1, DEFAULT_RANGE.last) - DEFAULT_RANGE.first + 1;
  if (among <= 0) return { check: "privileged", state: "ok", message: `${is}; no default port is one` };
  const message = `${is}; ${among} of ${DEFAULT_PORTS} are among them, and refused to others`;
  const advice = `set net.ipv4.ip_unprivileged_port_start to ${DEFAULT_RANGE.first} or less`;
  return { check: "privileged", state: "warning", message, advice };
}

function poolFinding(settings: PortSettings): Finding {
  const { ports, reserved: leftOut } = defaultPool(settings);
  const message = `${ports.size} default ports${leftOut > 0 ? `; ${leftOut} are left out` : ""}`;
  return { check: "pool", state: "ok", message };
}

function defaultRange(): PortSet {
  return PortSet.range(DEFAULT_RANGE.first, DEFAULT_RANGE.last);
}

/** How many of the ports are among the others. */
function countAmong(ports: PortSet, others: PortSet): number {
  return ports.size - ports.without(others).size;
}

function shorten(list: string): string {
  return list.length <= LONGEST ? list : `${list.slice(0, list.lastIndexOf(",", LONGEST))},…`;
}
