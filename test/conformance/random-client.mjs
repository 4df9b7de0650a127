// A process that commits at random to a database, and writes the history of it to a file until it is told to
// end or is killed. One that is to die kills itself where the most is left untold: between the calls of a transaction, or
// when it is done and nobody knows yet.

import { openSync, writeSync } from "node:fs";
import { hrtime } from "node:process";

import { recordHistory } from "../../dist/conformance/index.js";
import { systemChance, systemClock } from "../../dist/node/clock.js";
import { openSqliteStore } from "../../dist/stores/sqlite/index.js";

const SLOTS = 10;
const OUTSTANDING = 3;
const EVENTS_BEFORE_DEATH = 100;

const [directory, client, file, fate] = process.argv.slice(2);
const history = openSync(file, "a");
let events = 0;

function write(event) {
  const isUntold = event.event === "end" || event.decidedOn !== undefined;
  if (fate === "dies" && ++events > EVENTS_BEFORE_DEATH && isUntold && Math.random() < 0.1) {
    process.kill(process.pid, "SIGKILL");
  }
  writeSync(history, `${JSON.stringify(event)}\n`);
}

const store = recordHistory(
  await openSqliteStore({ directory, boot: "boot-1", clock: systemClock, chance: systemChance }),
  {
    client,
    // The time since the machine booted, which is the same for all processes.
    now: () => Number(hrtime.bigint()),
    write,
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
    if (Math.random() < 0.5) await store.update("scope", keys, decide, options);
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
