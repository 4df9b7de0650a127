// A fixed piece of work that tells whether the core is at rest.
//
// On a shared machine everything takes half as long again, or more, for milliseconds or seconds on end, in CPU time
// too: as if the core were shared with somebody. The probe, some look-ups in a Map, is the same work whatever is
// measured and knows nothing of its result: what it leaves out is left out for the machine's sake alone.

const LOOK_UPS = 20_000;

/** How much slower than the fastest probe of the run one may be that counts as at rest. */
const TOLERANCE = 1.2;

/** Does the work and returns the nanoseconds of CPU time that one look-up took. */
export function newProbe(): () => number {
  const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`);
  const values = new Map(keys.map((key, index) => [key, index]));
  const expected = (LOOK_UPS / keys.length) * ((keys.length * (keys.length - 1)) / 2);
  return () => {
    const before = process.cpuUsage();
    let sum = 0;
    for (let i = 0; i < LOOK_UPS; i++) sum += values.get(keys[i % keys.length]!)!;
    const { user, system } = process.cpuUsage(before);
    if (sum !== expected) throw new Error("the probe was left out");
    return ((user + system) * 1000) / LOOK_UPS;
  };
}

/** Whether a probe found the core at rest, where `fastest` is the fastest of the run. */
export function isAtRest(probe: number, fastest: number): boolean {
  return probe <= fastest * TOLERANCE;
}
