// What several processes do on one engine while it is harmed, as one history.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hrtime } from "node:process";

import { checkHistory, type HistoryEvent, recordHistory } from "../../src/conformance/index.ts";
import type { Store } from "../../src/contract/index.ts";
import { type Child, startChild } from "../stores/child.ts";
import { temporaryFolder } from "../stores/folder.ts";

/** An engine as a process of its own opens it: a module of dist/, its function, and what that is given. */
export type EngineArguments = readonly [door: string, name: string, options: object];

/** Fewer say nothing. */
const LEAST_COMMITS = 100;

/** As the clients measure it. */
function monotonic(): number {
  return Number(hrtime.bigint());
}

export class Crowd {
  readonly #engine: EngineArguments;
  readonly #folder: string = temporaryFolder();
  readonly #children: Child[] = [];
  #started = 0;

  constructor(engine: EngineArguments) {
    this.#engine = engine;
  }

  /** Starts a client that works from now on. */
  async start(): Promise<Child> {
    const [door, name, options] = this.#engine;
    const client = `client-${++this.#started}`;
    const file = join(this.#folder, `${client}.history`);
    const child = startChild("cluster/random-client.mjs", door, name, JSON.stringify(options), client, file);
    await child.next();
    this.#children.push(child);
    return child;
  }

  /** How much was written so far, of all: it grows while they get on. */
  progress(): number {
    return this.#events().filter(({ event }) => event === "end").length;
  }

  /**
   * Ends those that were not killed, and says whether all of it can have been done by one store, one call after the
   * other: "" if so, else what speaks against it.
   */
  async violation(store: Store): Promise<string> {
    for (const child of this.#children) {
      if (child.process.exitCode !== null || child.process.signalCode !== null) continue;
      const exited = once(child.process, "exit");
      child.send("end");
      await exited;
      const { exitCode } = child.process;
      if (exitCode !== 0) return `a client ended with ${exitCode}`;
    }
    const events = this.#events();
    // A last look, at what is there when all is over.
    const write = (event: HistoryEvent): void => void events.push(event);
    await recordHistory(store, { client: "last", now: monotonic, write }).list("scope", "k/");
    const verdict = checkHistory(events);
    if (!verdict.ok) return `${verdict.violation}: ${JSON.stringify(verdict.events)}`;
    return verdict.commits > LEAST_COMMITS ? "" : `there were only ${verdict.commits} commits`;
  }

  /** A line without its end is a call that was not made, or whose answer nobody had. */
  #events(): HistoryEvent[] {
    const files = readdirSync(this.#folder).filter((name) => name.endsWith(".history"));
    return files.flatMap((name) => {
      const lines = readFileSync(join(this.#folder, name), "utf8").split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as HistoryEvent);
    });
  }
}
