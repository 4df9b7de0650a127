// What several processes do on one engine while it is harmed, as one history.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hrtime } from "node:process";

import { vi } from "vitest";

import { checkHistory, type HistoryEvent } from "../../src/conformance/index.ts";
import { type Child, startChildIn } from "../stores/child.ts";
import { temporaryFolder } from "../stores/folder.ts";

/** An engine as a process of its own opens it: a module of dist/, its function, and what that is given. */
export type EngineArguments = readonly [door: string, name: string, options: object];

/** When something was asked for, and when it was told that it was done, in nanoseconds since the machine booted. */
export interface Grant {
  readonly asked: number;
  readonly told: number;
}

/** Fewer say nothing. */
const LEAST_COMMITS = 100;
/** Many times what those take, with a server that has just started. */
const PATIENCE = { timeout: 30_000, interval: 50 };

/** Has a client end; "" when it did as it should. */
async function ended(child: Child): Promise<string> {
  const exited = once(child.process, "exit");
  child.send("end");
  await exited;
  const { exitCode } = child.process;
  return exitCode === 0 ? "" : `a client ended with ${exitCode}`;
}

/** As the clients measure it. */
export function monotonic(): number {
  return Number(hrtime.bigint());
}

export class Crowd {
  readonly #engine: EngineArguments;
  readonly #place: readonly string[];
  readonly #folder: string = temporaryFolder();
  readonly #children: Child[] = [];
  #started = 0;

  /** @param place a command line that runs another one, given behind it: where the clients are */
  constructor(engine: EngineArguments, place: readonly string[] = []) {
    this.#engine = engine;
    this.#place = place;
  }

  /** Starts a client that works from now on, with other options than the rest where some are given. */
  async start(own: object = {}, how: "works" | "looks" = "works"): Promise<Child> {
    const [door, name, shared] = this.#engine;
    const options = { ...shared, ...own };
    const client = `client-${++this.#started}`;
    const file = join(this.#folder, `${client}.history`);
    const parameters = [door, name, JSON.stringify(options), client, file, how];
    const child = startChildIn(this.#place, "cluster/random-client.mjs", ...parameters);
    await child.next();
    this.#children.push(child);
    return child;
  }

  /** How many calls were answered so far. */
  answers(): number {
    return this.#ends().length - this.errors();
  }

  /** How many ended with an error of the engine. */
  errors(): number {
    return this.#ends().filter((end) => "error" in end && end.error.startsWith("PortError")).length;
  }

  /** The commits that were done. */
  grants(): readonly Grant[] {
    const asked = new Map<string, number>();
    const grants: Grant[] = [];
    for (const event of this.#events()) {
      if (event.event === "start") asked.set(event.call, event.at);
      else if ("commit" in event && event.commit.committed) {
        grants.push({ asked: asked.get(event.call)!, told: event.at });
      }
    }
    return grants;
  }

  /**
   * Ends those that were not killed, once all together have committed enough, and says whether all of it can have been
   * done by one store, one call after the other: "" if so, else what speaks against it.
   */
  async violation(own: object = {}): Promise<string> {
    await vi.waitUntil(() => this.grants().length > LEAST_COMMITS, PATIENCE);
    for (const child of this.#children) {
      if (child.process.exitCode !== null || child.process.signalCode !== null) continue;
      const failed = await ended(child);
      if (failed) return failed;
    }
    // A last look, at what is there when all is over.
    const failed = await ended(await this.start(own, "looks"));
    if (failed) return failed;
    const events = this.#events();
    const verdict = checkHistory(events);
    return verdict.ok ? "" : `${verdict.violation}: ${JSON.stringify(verdict.events)}`;
  }

  #ends(): HistoryEvent[] {
    return this.#events().filter(({ event }) => event === "end");
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
