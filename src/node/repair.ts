// The work behind repair(). Everything that is done is said, and nothing is removed that is not kept elsewhere.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host, Slot, Store } from "../contract/index.ts";
import { openHost } from "../host/index.ts";
import { mendScopes } from "../registry/audit-scopes.ts";
import { bindScope } from "../registry/index.ts";
import { mend } from "../registry/mend.ts";
import { SCOPE_PREFIX, SCOPES } from "../registry/scope.ts";
import { ticksOf } from "../stores/sqlite/revisions.ts";
import { openSqliteStore } from "../stores/sqlite/index.ts";
import { type Inspection, inspect } from "../stores/sqlite/inspect.ts";
import { salvage, timestamp, unusedName } from "../stores/sqlite/salvage.ts";
import { systemChance, systemClock } from "./clock.ts";
import type { Repair } from "./doctor.ts";
import { examine, hostFor, worldOf } from "./examine.ts";

interface Log {
  readonly done: string[];
  readonly refused: string[];
}

export async function repairAll(directory: string, force: boolean): Promise<Repair> {
  const log: Log = { done: [], refused: [] };
  const host = openHost();
  const inspection = closeToOthers(directory, log);
  const used = inspection.copy?.scopes ?? [];
  switch (inspection.state) {
    case "usable":
      await mendRecords(directory, { host, used, log });
      break;
    case "damaged":
      if (!force && isInUse(inspection, log)) break;
      replace(inspection.path, host, log);
      await mendRecords(directory, { host, used: inspect(directory).copy?.scopes ?? [], log });
      break;
    case "foreign":
      log.refused.push(`${inspection.path} is left as it is: it is not this version's`);
      break;
    case "unusable":
      log.refused.push(`${inspection.path} is left as it is: this user may not use it`);
      break;
    case "missing":
      break;
    default:
      inspection.state satisfies never;
  }
  return { ...log, diagnosis: await examine(directory) };
}

/** Gives files and folder the modes they should have, and looks again. */
function closeToOthers(directory: string, { done }: Log): Inspection {
  const inspection = inspect(directory);
  for (const { path, mode } of inspection.modes) {
    chmodSync(path, mode);
    done.push(`gave ${path} the mode ${mode.toString(8)}`);
  }
  return inspection.modes.length === 0 ? inspection : inspect(directory);
}

function isInUse({ path, users }: Inspection, { refused }: Log): boolean {
  const { pids, isGuess } = users;
  if (pids.length === 0 && !isGuess) return false;
  const who =
    pids.length === 0
      ? "it cannot be told here whether another process has it open, and there is an index of its log"
      : `${pids.length === 1 ? "process" : "processes"} ${pids.join(", ")} ${pids.length === 1 ? "has" : "have"} it open`;
  refused.push(`${path} is not replaced: ${who}; stop what uses it, or use --force`);
  return true;
}

function replace(path: string, { boot }: Host, { done }: Log): void {
  const { slots, epoch, aside } = salvage(path, {
    boot,
    ticks: ticksOf(systemClock),
    now: systemClock.now(),
  });
  done.push(
    `moved the damaged database aside: ${aside.join(", ")}`,
    `made a new one with ${slots} records that could be read; its epoch is ${epoch}`,
  );
}

interface Records {
  readonly host: Host;
  /** The scopes that have slots. */
  readonly used: readonly string[];
  readonly log: Log;
}

async function mendRecords(directory: string, { host, used, log: { done } }: Records): Promise<void> {
  const store = await openSqliteStore({
    directory,
    boot: host.boot,
    clock: systemClock,
    chance: systemChance,
  });
  try {
    const removed = new RemovedSlots(directory);
    const keep = (scope: string, slots: readonly Slot[]): void => removed.add(scope, slots);
    done.push(...(await mendScopes(store, used, keep)));
    const own = await bindScope(store, host);
    for (const scope of await scopesOf(store)) {
      done.push(...(await mend(worldOf(store, scope, hostFor(scope, own, host)), keep)));
    }
    if (removed.path !== undefined) done.push(`what was removed or replaced is in ${removed.path}`);
  } finally {
    await store.close();
  }
}

async function scopesOf(store: Store): Promise<string[]> {
  return (await store.list(SCOPES, SCOPE_PREFIX)).map(({ key }) => key.slice(SCOPE_PREFIX.length));
}

/** A file beside the database with the slots whose values are lost, written before they are. */
class RemovedSlots {
  readonly #directory: string;
  readonly #slots: (Slot & { readonly scope: string })[] = [];
  #path: string | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** `undefined`: nothing was removed. */
  get path(): string | undefined {
    return this.#path;
  }

  add(scope: string, slots: readonly Slot[]): void {
    this.#slots.push(...slots.map((slot) => ({ scope, ...slot })));
    this.#path ??= unusedName(join(this.#directory, `registry.removed-${timestamp(systemClock.now())}.json`));
    const text = JSON.stringify({ version: 1, slots: this.#slots }, null, 2);
    writeFileSync(this.#path, `${text}\n`, { mode: 0o600, flush: true });
  }
}
