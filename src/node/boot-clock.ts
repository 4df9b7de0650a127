// The time since the boot, the time that the machine slept included, without asking the system each time: that takes
// microseconds (Linux has it in a file), and whoever holds a lease asks with each call.
//
// The monotonic clock goes on from what the system last said, and stands still in a sleep of the machine; the wall clock does
// not. So as long as both have gone on alike there was no sleep. That the wall clock is set back by as much as the machine
// slept, to the millisecond, within the tenth of a second that a reading serves, is left out.

/** Milliseconds each. */
export interface Readings {
  /** Since the boot, sleep included; slow, and coarse. */
  readonly uptime: () => number;
  /** Stands still while the machine sleeps. */
  readonly elapsed: () => number;
  /** The wall clock, in whole milliseconds. */
  readonly now: () => number;
}

/** For how long a reading serves. */
const SERVES_MS = 100;
/** What the two clocks may differ by, read one after the other. */
const ALIKE_MS = 2;
/** What the system tells is behind by less than this: hundredths of a second, and what adding up fractions loses. */
const RESOLUTION_MS = 11;

/** A clock that never goes back while the machine is awake, and is behind by no more than what the system tells. */
export function bootClock({ uptime, elapsed, now }: Readings): () => number {
  let known = { boot: -Infinity, elapsed: -Infinity, now: 0 };
  return () => {
    const reading = { elapsed: elapsed(), now: now() };
    const since = reading.elapsed - known.elapsed;
    const isAlike = Math.abs(reading.now - known.now - since) <= ALIKE_MS;
    const goneOn = known.boot + since;
    if (isAlike && since <= SERVES_MS) return goneOn;
    // After the others: when it sleeps in between, the time only seems later.
    const told = uptime();
    const boot = goneOn > told && goneOn - told < RESOLUTION_MS ? goneOn : told;
    known = { boot, ...reading };
    return boot;
  };
}
