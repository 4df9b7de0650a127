// A process that commits at random to a database, and writes the history of it to a file until it is told to
// end or is killed.

import { openSync, writeSync } from "node:fs";
import { hrtime } from "node:process";

import { recordHistory } from "../../dist/conformance/index.js";
import { systemChance, systemClock } from "../../dist/node/clock.js";
import { openSqliteStore } from "../../dist/stores/sqlite/index.js";

const SLOTS = 10;
/**
 * An update that shares its transaction sees what its neighbours have not yet committed. Of a process that is killed then,
 * nobody can tell in which order they were, so whoever updates does one call at a time.
 */
const UPDATES = Math.random() < 0.5;
const OUTSTANDING = UPDATES ? 1 : 3;

const [directory, client, file] = process.argv.slice(2);
const history = openSync(file, "a");
const store = recordHistory(
  await openSqliteStore({ directory, boot: "boot-1", clock: systemClock, chance: systemChance }),
  {
    client,
    // The time since the machine booted, which is the same for all processes.
    now: () => Number(hrtime.bigint()),
    write: (event) => writeSync(history, `${JSON.stringify(event)}\n`),
  },
);

const state = { ending: false };
let commits = 0;

async function work() {
  while (!state.ending) {
    const keys = Array.from({ length: SLOTS }, (_, slot) => `k/${slot}`).filter(() => Math.random() < 0.25);
    const decide = (slots) =>
      keys.map((key) => {
        const ifRevision = slots.get(key)?.revision ?? 0;
        const value = ifRevision > 0 && Math.random() < 0.3 ? null : `${client}.${++commits}`;
        return { key, ifRevision, value };
      });
    const options = { durable: Math.random() < 0.05 };
    if (UPDATES) await store.update("scope", keys, decide, options);
    else {
      const changes = decide(await store.read("scope", keys));
      if (changes.length > 0) await store.commit("scope", changes, options);
    }
    if (Math.random() < 0.2) await store.list("scope", "k/");
  }
}

async function end() {
  state.ending = true;
  await working;
  await store.close();
  process.disconnect();
}

process.once("message", () => void end());
const working = Promise.all(Array.from({ length: OUTSTANDING }, work));
process.send("working");
