// A process that leases ports of a small pool on an engine, and writes down from when to when it took each for its own.

import { openSync, writeSync } from "node:fs";
import { hrtime } from "node:process";
import { setTimeout as pause } from "node:timers/promises";

import { open } from "../../dist/node/index.js";

const OUTSTANDING = 3;
/** Most are held for a moment; some for longer than a session lives. */
const [SHORT_MS, LONG_MS] = [30, 3000];

/** The module of the engine in dist/, its function's name, what that is given, how the registry is opened, and the ledger. */
const [door, name, engine, options, file] = process.argv.slice(2);
const { [name]: make } = await import(`../../dist/${door}`);
const ledger = openSync(file, "a");
const registry = await open({ store: make(JSON.parse(engine)), ...JSON.parse(options) });

const state = { ending: false };

function write(line) {
  writeSync(ledger, `${JSON.stringify(line)}\n`);
}

/** The time since the machine booted, which is the same for all processes. */
function now() {
  return Number(hrtime.bigint());
}

async function work() {
  while (!state.ending) {
    try {
      const asked = now();
      const lease = await registry.acquire();
      await hold(lease, asked);
      await lease.release();
    } catch (error) {
      write({ error: error.code });
      if (error.code === undefined) throw error;
      await pause(10);
    }
  }
}

async function hold(lease, asked) {
  const [port] = lease.ports;
  let to = now();
  const from = to;
  write({ lease: lease.id, port, asked, from });
  const until = performance.now() + (Math.random() < 0.05 ? LONG_MS : SHORT_MS) * Math.random();
  while (performance.now() < until) {
    const at = now();
    if (!lease.isValid()) break;
    to = at;
    await pause(1);
  }
  write({ lease: lease.id, port, asked, from, to });
}

async function end() {
  state.ending = true;
  await working;
  await registry.close();
  process.disconnect();
}

process.once("message", () => void end());
const working = Promise.all(Array.from({ length: OUTSTANDING }, work));
process.send("working");
