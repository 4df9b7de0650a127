// exportRecords() and importRecords(): what a registry keeps, as text, from one store into another.
//
// The text (export-text.ts) can be kept as a backup of names and kept ports.

import { expectBoolean, expectOptions, expectString } from "../core/expect.ts";
import { type Moved, moveInto, scopesOf, slotsToMove } from "../registry/moving.ts";
import { SCOPE_PREFIX, SCOPES } from "../registry/scope.ts";
import { readExport, writeExport } from "./export-text.ts";
import { type OpenOptions, openWorld } from "./open.ts";
import { prepareImport } from "./prepare-import.ts";
import { findWhereabouts } from "./whereabouts.ts";

/** Where a registry is kept, as `open` takes it. */
type Kept = Pick<OpenOptions, "directory" | "store" | "scope">;

export interface ExportOptions extends Kept {
  /** Whether to export all hosts and pools of the store, and not this registry's scope alone. @default false */
  readonly all?: boolean | undefined;
}

export interface ImportOptions extends Kept {
  /** Whether to import beside what there is: names and ports that are there already stay as they are. @default false */
  readonly merge?: boolean | undefined;
}

/** What became of an import. */
export type ImportReport = Moved;

/**
 * What a registry keeps, as text: names with their ports, what they keep, places, pools, and leases.
 *
 * @throws as `open`.
 * @example
 * import { writeFile } from "node:fs/promises";
 * import { exportRecords } from "moorage";
 *
 * await writeFile("ports.jsonl", await exportRecords());
 */
export async function exportRecords(options: ExportOptions = {}): Promise<string> {
  expectOptions("exportRecords", options, ["directory", "store", "scope", "all"]);
  const { all: asked, ...kept } = options;
  const isAll = expectBoolean("all", asked ?? false);
  const { registry, world } = await openWorld(kept);
  try {
    const { store, scope } = world;
    const scopes = isAll ? [SCOPES, ...(await scopesOf(store))] : [scope];
    const slots = (await Promise.all(scopes.map((one) => slotsToMove(store, one)))).flat();
    return writeExport({ epoch: store.epoch, scope, ports: world.bounds, slots });
  } finally {
    await registry.close();
  }
}

/**
 * Writes what was exported into a store, in a later epoch than it comes from. What the exporting registry's scope had
 * goes into this one's, from host to host and from folder to host and back; the pool is the same one, and is made with
 * its ports where it is not there yet. Hosts and pools that were exported with it (`all`) keep their names, and where
 * this registry's scope is one of them, all do.
 *
 * No other process may have the store open meanwhile, with `merge` neither: whoever has it open goes on with tokens of
 * the former epoch. What is refused has changed nothing.
 *
 * Leases are taken over where nobody has to keep them up: from folder to folder of one machine, within a boot. All
 * others stay where they were granted (`leftBehind`), so end them first.
 *
 * @throws RangeError for text that is no export, not whole, of a newer version; where one scope is a pool and the other
 * is not that pool, or has not its ports; without `merge`, where there is something already. PortError `STORE_DAMAGED`
 * for a record that cannot be read; as `open`.
 * @example
 * import { readFile } from "node:fs/promises";
 * import { importRecords } from "moorage";
 * import { etcd } from "moorage/etcd";
 *
 * const text = await readFile("ports.jsonl", "utf8");
 * const { names, skipped } = await importRecords(text, { store: etcd({ endpoints: ["http://127.0.0.1:2379"] }) });
 */
export async function importRecords(text: string, options: ImportOptions = {}): Promise<ImportReport> {
  expectOptions("importRecords", options, ["directory", "store", "scope", "merge"]);
  const { merge: asked, ...kept } = options;
  const merge = expectBoolean("merge", asked ?? false);
  const exported = readExport(expectString("text", text));
  const byScope = await prepareImport(exported, await findWhereabouts(kept), merge);
  // In a store that is opened now, tokens are of the new epoch.
  const { registry, world } = await openWorld(kept);
  try {
    const reports: Moved[] = [];
    for (const [scope, moved] of byScope) reports.push(await moveInto(world, scope, moved));
    return {
      names: sum(reports, ({ names }) => names),
      leases: sum(reports, ({ leases }) => leases),
      others: sum(reports, ({ others }) => others),
      // The record of a scope that is there says the same.
      skipped: reports.flatMap(({ skipped }) => skipped).filter((key) => !key.startsWith(SCOPE_PREFIX)),
      leftBehind: sum(reports, ({ leftBehind }) => leftBehind),
    };
  } finally {
    await registry.close();
  }
}

function sum(reports: readonly Moved[], count: (report: Moved) => number): number {
  return reports.reduce((total, report) => total + count(report), 0);
}
