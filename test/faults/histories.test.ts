// The history of a store under the registries of several processes, some of them killed: it could have been
// made by one store that does one call after the other, names and groups of leases as transactions.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { checkHistory, type HistoryEvent } from "../../src/conformance/index.ts";
import { Arena, killMany } from "./arena.ts";
import { LONG_TEST_MS, scaled } from "./scale.ts";

const PORTS = "16100-16119";
const KILLS = scaled(10, 200);
const AT_ONCE = 4;

async function historyOf(arena: Arena): Promise<HistoryEvent[]> {
  await killMany(arena, { kills: KILLS, atOnce: AT_ONCE }, async () => undefined);
  const files = readdirSync(arena.folder).filter((name) => name.startsWith("history-"));
  return files.flatMap((name) => {
    // The last line of a killed process can be half a line.
    const lines = readFileSync(join(arena.folder, name), "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as HistoryEvent);
  });
}

describe(`the history of ${KILLS} processes, ${AT_ONCE} at a time, all of them killed`, () => {
  it(
    "is linearizable",
    async () => {
      const arena = new Arena({ ports: PORTS, records: true });
      const events = await historyOf(arena);
      expect(arena.ledger.errors).toEqual([]);
      expect(arena.ledger.violations()).toEqual([]);
      const verdict = checkHistory(events);
      expect(verdict).toMatchObject({ ok: true });
      // That all this says something.
      expect(verdict.ok && verdict.commits).toBeGreaterThan(KILLS);
      console.log(`${KILLS} processes, ${Math.ceil(events.length / 2)} calls:`, verdict);
    },
    LONG_TEST_MS,
  );

  it(
    "is caught when the store loses updates",
    async () => {
      const arena = new Arena({ ports: PORTS, records: true, broken: true });
      expect(checkHistory(await historyOf(arena))).toMatchObject({ ok: false });
    },
    LONG_TEST_MS,
  );
});
