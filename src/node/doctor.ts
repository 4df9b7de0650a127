// diagnose() and repair(): what is wrong with this machine's registry, and what can be made good again. What does
// the work is loaded when it is called: nobody else pays for it.

import type { Engine } from "../contract/index.ts";
import { expectBoolean, expectOptions } from "../core/expect.ts";
import { findEngine } from "./engine.ts";
import { stateDirectory, surroundings } from "./state-directory.ts";

export interface DiagnoseOptions {
  /** The state folder. @default as of `open` */
  readonly directory?: string | undefined;
  /** The engine that the registry is kept on, in place of a folder. @default as of `open` */
  readonly store?: Engine | undefined;
}

export interface RepairOptions extends DiagnoseOptions {
  /**
   * Also replace a damaged database that other processes have open: what they commit from then on is refused
   * to them, and they have to be started again. @default false
   */
  readonly force?: boolean | undefined;
}

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at: "node", "driver", "folder", "database", "records" … */
  readonly check: string;
  /** `warning`: it works, with a restriction. `problem`: it does not work, or not as promised. */
  readonly state: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
}

export interface Diagnosis {
  /** The absolute path of the state folder; `null`: the registry is kept on an engine. */
  readonly directory: string | null;
  /** Whether there is no problem; there can be warnings. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

export interface Repair {
  /** What was done, one sentence each; nothing else was changed. */
  readonly done: readonly string[];
  /** What was not done, and why. */
  readonly refused: readonly string[];
  /** How it is now. */
  readonly diagnosis: Diagnosis;
}

/**
 * Looks at the runtime, the state folder, its database and the records in it, and changes nothing. Of an engine:
 * whether it answers, what its limits are, and the records of this scope.
 *
 * @example
 * import { diagnose } from "moorage";
 *
 * const { healthy, findings } = await diagnose();
 * for (const { check, state, message } of findings) console.log(state, check, message);
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  expectOptions("diagnose", options, ["directory", "store"]);
  const engine = await findEngine(options, process.env);
  if (engine) return await (await import("./examine-engine.ts")).examineEngine(engine);
  const directory = stateDirectory(options.directory, surroundings());
  const { examine } = await import("./examine.ts");
  return await examine(directory);
}

/**
 * Makes good what can be: closes the folder to others, moves a damaged database aside and makes a new one of all
 * that can be read, mends records that contradict one another. What is removed is written to a file beside the
 * database first. In doubt a port stays kept or leased. Tokens go on above all that were given before. What an engine
 * keeps is the engine's own business to repair: that is refused.
 *
 * @throws PortError `STORE_UNAVAILABLE`, `STORE_BUSY`, `DRIVER_MISSING`, `HOST_UNSUPPORTED`.
 * @example
 * import { repair } from "moorage";
 *
 * const { done, refused, diagnosis } = await repair();
 */
export async function repair(options: RepairOptions = {}): Promise<Repair> {
  expectOptions("repair", options, ["directory", "store", "force"]);
  const force = expectBoolean("force", options.force ?? false);
  const engine = await findEngine(options, process.env);
  if (engine) return await (await import("./examine-engine.ts")).refuseRepair(engine);
  const directory = stateDirectory(options.directory, surroundings());
  const { repairAll } = await import("./repair.ts");
  return await repairAll(directory, force);
}
