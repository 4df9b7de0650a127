// Many processes that take ports of one range at the same time, hold the numbers, and then listen on them: the
// race that pickers of free ports lose (get-port 342 of 400 listens, portfinder 392, pick-port 72).

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";
import { LONG_TEST_MS, scaled } from "./scale.ts";
import { startWorkers } from "./workers.ts";

const PROCESSES = 8;
const PORTS_EACH = 50;
const RANGE = "15000-15999";
const ROUNDS = scaled(3, 20);

interface Outcome {
  readonly ports: readonly number[];
  readonly failures: readonly string[];
}

describe(`${PROCESSES} processes that take ${PORTS_EACH} ports each from ${RANGE} and listen on them later`, () => {
  it.each([
    ["in bursts", "burst", 200],
    ["step by step", "step", scaled(20, 200)],
  ])(
    `get different ports and can listen on every one, ${ROUNDS} times: %s, held a while`,
    async (_, action, holdMs) => {
      const workers = await startWorkers(temporaryFolder(), PROCESSES);
      const rounds: { different: number; failures: string[] }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const parameters = { options: { ports: RANGE }, times: PORTS_EACH, holdMs };
        const outcomes = await Promise.all(
          workers.map(async (worker) => (await worker.tell(action, parameters)) as Outcome),
        );
        const ports = new Set(outcomes.flatMap((outcome) => outcome.ports));
        rounds.push({ different: ports.size, failures: outcomes.flatMap(({ failures }) => failures) });
        await Promise.all(workers.map((worker) => worker.tell("releaseAll")));
      }
      const right = { different: PROCESSES * PORTS_EACH, failures: [] };
      expect(rounds).toEqual(Array.from({ length: ROUNDS }, () => right));
    },
    LONG_TEST_MS,
  );
});
