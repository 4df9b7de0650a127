// A process that commits at random to a shared engine, and writes the history of it to a file until it is told to end or
// is killed. What fails because the engine is away is in the history as an error, and tried no more.

import { openSync, writeSync } from "node:fs";
import { hrtime } from "node:process";

import { recordHistory } from "../../dist/conformance/index.js";
import { systemChance, systemClock } from "../../dist/node/clock.js";

const SLOTS = 10;
const OUTSTANDING = 3;
const EXPECTED = new Set(["STORE_UNAVAILABLE", "STORE_BUSY"]);

/** The module of the engine in dist/, its function's name, what that is given, and who this is; "looks": once, at all. */
const [door, name, options, client, file, how] = process.argv.slice(2);
const engine = await import(`../../dist/${door}`);
const history = openSync(file, "a");
const store = recordHistory(
  await engine[name](JSON.parse(options)).open({ clock: systemClock, chance: systemChance }),
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
    try {
      if (Math.random() < 0.5) await store.update("scope", keys, decide);
      else {
        const changes = decide(await store.read("scope", keys));
        if (changes.length > 0) await store.commit("scope", changes);
      }
      if (Math.random() < 0.2) await store.list("scope", "k/");
    } catch (error) {
      if (!EXPECTED.has(error.code)) throw error;
    }
  }
}

async function end() {
  state.ending = true;
  await working;
  await store.close();
  process.disconnect();
}

process.once("message", () => void end());
const working =
  how === "looks" ? store.list("scope", "k/") : Promise.all(Array.from({ length: OUTSTANDING }, work));
process.send("working");
