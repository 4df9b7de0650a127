// The runtime's own time and chance, and its means to call things off.

import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { hrtime } from "node:process";
import { type Abortable, type Chance, type Clock, throwIfAborted } from "../contract/index.ts";
import { bootClock } from "./boot-clock.ts";

/** The longest that a timer of Node waits; a longer one fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** By how much this process is told its clocks are ahead, in milliseconds (time_namespaces(7)). */
const AHEAD_MS = readTimeOffsets();

const now = (): number => Date.now();

function elapsed(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6 - AHEAD_MS.monotonic;
}

export const systemClock: Clock = {
  now,
  elapsed,
  sinceBoot: bootClock({ uptime: () => uptime() * 1000 - AHEAD_MS.boottime, elapsed, now }),
  async sleep(ms, { signal, background = false } = {}) {
    throwIfAborted(signal);
    let wake: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve) => {
        wake = resolve;
        const wait = (left: number): void => {
          const next = left > LONGEST_TIMER_MS ? () => wait(left - LONGEST_TIMER_MS) : resolve;
          timer = setTimeout(next, Math.min(left, LONGEST_TIMER_MS));
          if (background) timer.unref();
        };
        signal?.addEventListener("abort", wake);
        wait(ms);
      });
    } finally {
      clearTimeout(timer);
      if (wake) signal?.removeEventListener("abort", wake);
    }
    throwIfAborted(signal);
  },
};

export const systemChance: Chance = {
  random: () => Math.random(),
  uniqueId,
};

/** A signal that has not been aborted, and the means to abort it. */
export function newAbortable(): Abortable {
  const controller = new AbortController();
  // A request can wait for many ports at once, each with a listener of its own.
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * 12 random bytes as 16 letters, digits, "-" and "_". The bytes are those of a random UUID that say nothing
 * else: the runtime has some in store, which is cheaper than to ask for 12.
 */
function uniqueId(): string {
  const uuid = randomUUID();
  const digits = uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(24);
  const id = Buffer.from(digits, "hex").toString("base64url");
  // On a command line it would be taken for an option.
  return id.startsWith("-") ? uniqueId() : id;
}

/** None where the system has no time namespaces. */
function readTimeOffsets(): Readonly<Record<"monotonic" | "boottime", number>> {
  let text = "";
  try {
    text = readFileSync("/proc/self/timens_offsets", "utf8");
  } catch {
    // Nothing is ahead.
  }
  return { monotonic: offsetIn(text, "monotonic"), boottime: offsetIn(text, "boottime") };
}

/** "monotonic   86400   500000000" as milliseconds. */
export function offsetIn(text: string, name: string): number {
  const [, seconds, nanoseconds] = new RegExp(`^${name}\\s+(-?\\d+)\\s+(\\d+)$`, "mu").exec(text) ?? [];
  return seconds === undefined ? 0 : Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}
