// Several processes that lease ports of one pool, and what they wrote down: no port was two leases' at one time.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Child, startChildIn } from "../stores/child.ts";
import { temporaryFolder } from "../stores/folder.ts";
import type { EngineArguments, Grant } from "./histories.ts";

/** A time that a lease was taken for valid, in nanoseconds; `to` when it is over. */
interface Tenure {
  readonly lease: string;
  readonly port: number;
  readonly asked: number;
  readonly from: number;
  readonly to?: number;
}

type Line = Tenure | { readonly error: string };

export class Ledger {
  readonly #engine: EngineArguments;
  readonly #options: object;
  readonly #place: readonly string[];
  readonly #folder: string = temporaryFolder();
  readonly #children: Child[] = [];

  constructor(engine: EngineArguments, options: object, place: readonly string[]) {
    this.#engine = engine;
    this.#options = options;
    this.#place = place;
  }

  /** Starts a process that leases from now on, with other options of its engine than the rest where some are given. */
  async start(own: object = {}): Promise<Child> {
    const [door, name, shared] = this.#engine;
    const file = join(this.#folder, `${this.#children.length}.ledger`);
    const parameters = [{ ...shared, ...own }, this.#options].map((option) => JSON.stringify(option));
    const child = startChildIn(this.#place, "cluster/leasing-client.mjs", door, name, ...parameters, file);
    await child.next();
    this.#children.push(child);
    return child;
  }

  grants(): readonly Grant[] {
    return this.#tenures().map(({ asked, from }) => ({ asked, told: from }));
  }

  /** How many calls ended because the engine could not be used. */
  errors(): number {
    return this.#lines().filter((line) => "error" in line && line.error.startsWith("STORE_")).length;
  }

  /** Has all end. */
  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.process.exitCode !== null || child.process.signalCode !== null) continue;
      const exited = once(child.process, "exit");
      child.send("end");
      await exited;
    }
  }

  /** Pairs of leases that had one port at one time. */
  overlaps(): readonly (readonly [Tenure, Tenure])[] {
    const overlaps: [Tenure, Tenure][] = [];
    const last = new Map<number, Tenure>();
    for (const tenure of this.#tenures().toSorted((a, b) => a.from - b.from)) {
      const before = last.get(tenure.port);
      if (before && endOf(before) >= tenure.from) overlaps.push([before, tenure]);
      if (!before || endOf(tenure) > endOf(before)) last.set(tenure.port, tenure);
    }
    return overlaps;
  }

  /** One for each lease, with its end where that was written. */
  #tenures(): Tenure[] {
    const tenures = new Map<string, Tenure>();
    for (const line of this.#lines()) if ("lease" in line) tenures.set(line.lease, line);
    return [...tenures.values()];
  }

  #lines(): Line[] {
    return readdirSync(this.#folder).flatMap((name) => {
      const lines = readFileSync(join(this.#folder, name), "utf8").split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Line);
    });
  }
}

function endOf({ from, to = from }: Tenure): number {
  return to;
}
