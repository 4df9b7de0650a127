// The port table agrees with the kernel, and the host with both, while holds, listeners and strangers come and go:
// in Node processes with a host, and in programs that are not Node, all of which are killed now and then.
//
// What is compared after every step: sockets that are bound, and listened on, with random flags; looks; holds;
// and the ports that the kernel picks for bind() and connect(), which are never held ones. MOORAGE_LIVE=MINUTES
// plays new rounds for so long; MOORAGE_LIVE_SEED=SEED plays one round again.

import { describe, expect, it } from "vitest";

import { canHaveNamespaces } from "./live/namespace.ts";
import { playRound, type Seen } from "./live/round.ts";

const STEPS = 250;
const FIRST_SEED = 20_260_101;
const ROUNDS = 3;

const minutes = Number(process.env["MOORAGE_LIVE"] ?? 0);
const seed = process.env["MOORAGE_LIVE_SEED"];

/** The seeds to play, one after the other. */
function* seeds(): IterableIterator<number> {
  if (seed !== undefined) {
    yield Number(seed);
    return;
  }
  const end = Date.now() + minutes * 60_000;
  const first = minutes > 0 ? Date.now() % 2 ** 31 : FIRST_SEED;
  for (let round = 0; round < ROUNDS || Date.now() < end; round++) yield first + round;
}

describe.skipIf(!canHaveNamespaces())(
  "in a network namespace of their own (needs root, unshare, nsenter, ip and python3)",
  () => {
    it(
      "the kernel, the port table and the host agree on who may have which port",
      async () => {
        const total = new Map<keyof Seen, number>();
        const differences: string[] = [];
        for (const one of seeds()) {
          const { difference, ...counts } = await playRound(one, STEPS);
          for (const [name, count] of Object.entries(counts) as [keyof typeof counts, number][]) {
            total.set(name, (total.get(name) ?? 0) + count);
          }
          if (difference !== undefined) differences.push(`MOORAGE_LIVE_SEED=${one} ${difference}`);
        }
        if (minutes > 0) console.log(Object.fromEntries(total));
        expect(differences).toEqual([]);
        // All that is to be compared came up, but for what the kernel may do and need not; a single round is short.
        const optional = seed === undefined ? ["laxer"] : [...total.keys()];
        const missing = [...total].filter(([name, count]) => count === 0 && !optional.includes(name));
        expect(missing).toEqual([]);
      },
      minutes * 60_000 + 120_000,
    );
  },
);
