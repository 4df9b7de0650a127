// Four processes on one database, some of them killed at any moment: their history is that of one store.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { expect, it } from "vitest";

import { checkHistory, type HistoryEvent, recordHistory } from "../../src/conformance/index.ts";
import { type Child, startChild } from "../stores/child.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { openStore } from "../stores/sqlite.ts";

/**
 * How many processes are killed, one after the other, each as soon as it works and a moment more. Beside each, another one
 * kills itself while it has calls that nobody has the answer of.
 */
const KILLS = 5;

/** A line without its end is a call that was not made, or whose answer nobody had. */
function eventsIn(folder: string): HistoryEvent[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".history"));
  return files.flatMap((name) => {
    const lines = readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as HistoryEvent);
  });
}

/** As the children measure it. */
function monotonic(): number {
  return Number(process.hrtime.bigint());
}

it("what four processes do on one SQLite database, killed at random, is linearizable", async () => {
  const [directory, histories] = [temporaryFolder(), temporaryFolder()];
  let started = 0;
  const launch = (fate: "lives" | "dies"): Child => {
    const name = `client-${++started}`;
    const history = join(histories, `${name}.history`);
    return startChild("conformance/random-client.mjs", directory, name, history, fate);
  };
  const start = async (): Promise<Child> => {
    const child = launch("lives");
    expect(await child.next()).toBe("working");
    return child;
  };
  const children = [await start(), await start(), await start()];
  for (let kill = 0; kill < KILLS; kill++) {
    const dead = once(launch("dies").process, "exit");
    const victim = await start();
    await pause(Math.random() * 60);
    await victim.end("SIGKILL");
    expect(await dead).toEqual([null, "SIGKILL"]);
  }
  for (const child of children) {
    const exited = once(child.process, "exit");
    child.send("end");
    await exited;
  }
  const events = eventsIn(histories);
  // A last look, at what is there when all is over.
  const last = {
    client: "last",
    now: monotonic,
    write: (event: HistoryEvent): void => void events.push(event),
  };
  await recordHistory(await openStore(directory), last).list("scope", "k/");
  const verdict = checkHistory(events);
  expect(verdict.ok ? "" : `${verdict.violation}: ${JSON.stringify(verdict.events)}`).toBe("");
  expect(verdict.ok && verdict.commits).toBeGreaterThan(100);
  const starts = events.filter(({ event }) => event === "start").length;
  expect(starts).toBeGreaterThan(events.length - starts);
});
