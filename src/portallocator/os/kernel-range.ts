// The kernel's range for ports that nobody named, out of the text of its file.
//
// The text is two whole numbers with blanks, not a line break, between them; what follows does not matter.
// Numbers that are no range of ports are worth as much as no text: an allocator never starts with them.

import { MAX_PORT, MIN_PORT } from "../../core/expect.ts";

export const RANGE_FILE = "/proc/sys/net/ipv4/ip_local_port_range";

export interface NumberRange {
  readonly begin: number;
  readonly end: number;
}

/** The range to use where no kernel file says one; Windows has its own. */
export function fallbackRange(platform: string): NumberRange {
  return platform === "win32" ? { begin: 60000, end: 65000 } : { begin: 49153, end: 65535 };
}

/** The two numbers the text says, sensible or not; `undefined` when it does not say two. */
export function parseRange(text: string): NumberRange | undefined {
  const [, begin, end] = /^[ \t]*([+-]?\d+)[ \t]+([+-]?\d+)/u.exec(text) ?? [];
  const range = { begin: Number(begin), end: Number(end) };
  return Number.isSafeInteger(range.begin) && Number.isSafeInteger(range.end) ? range : undefined;
}

/** The range the text says, or the fallback when that is no range of ports. */
export function effectiveRange(text: string | undefined, fallback: NumberRange): NumberRange {
  const range = text === undefined ? undefined : parseRange(text);
  if (!range || range.begin < MIN_PORT || range.end > MAX_PORT || range.begin > range.end) return fallback;
  return range;
}
