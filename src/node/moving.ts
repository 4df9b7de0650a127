// exportRecords() and importRecords(): what a registry keeps, as text, from one store into another.
//
// The text is lines of JSON: first what it is, and of how many slots, then one slot a line. It can be kept as a backup of names
// and kept ports.

import type { Store } from "../contract/index.ts";
import { describe, expectBoolean, expectOptions, expectString } from "../core/expect.ts";
import { isEmpty, type Moved, type MovedSlot, moveInto, scopesOf, slotsToMove } from "../registry/moving.ts";
import { SCOPES } from "../registry/scope.ts";
import { type OpenOptions, openWorld } from "./open.ts";

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

/** The version of the text. A program reads this one and those before it. */
const VERSION = 1;

interface Header {
  readonly moorage: "export";
  readonly version: number;
  /** That of the tokens that were given so far. */
  readonly epoch: number;
  /** The scope of the registry that exported. */
  readonly scope: string;
  /** How many lines follow, each a slot. */
  readonly slots: number;
}

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
    const { epoch } = store;
    const header: Header = { moorage: "export", version: VERSION, epoch, scope, slots: slots.length };
    return [header, ...slots].map((line) => `${JSON.stringify(line)}\n`).join("");
  } finally {
    await registry.close();
  }
}

/**
 * Writes what was exported into a store, in a later epoch than it comes from. What the exporting registry's scope had
 * goes into this one's; hosts and pools that were exported with it keep their names. Nothing else may use the store
 * meanwhile.
 *
 * Leases are taken over where nobody has to keep them up: from folder to folder of one machine, within a boot. All
 * others stay where they were granted (`leftBehind`), so end them first.
 *
 * @throws RangeError for text that is no export, not whole, of a newer version, and, without `merge`, where there is
 * something already; as `open`.
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
  const { header, slots } = parse(expectString("text", text));
  await raiseEpoch(kept, header.epoch + 1);
  const { registry, world } = await openWorld(kept);
  try {
    const byScope = new Map<string, MovedSlot[]>();
    for (const slot of slots) {
      const scope = slot.scope === header.scope ? world.scope : slot.scope;
      const others = byScope.get(scope);
      if (others) others.push({ ...slot, scope });
      else byScope.set(scope, [{ ...slot, scope }]);
    }
    if (!merge) await expectEmpty(world.store, [...byScope.keys()]);
    const reports: Moved[] = [];
    for (const [scope, moved] of byScope) reports.push(await moveInto(world, scope, moved));
    return {
      names: sum(reports, ({ names }) => names),
      leases: sum(reports, ({ leases }) => leases),
      others: sum(reports, ({ others }) => others),
      // The record of a scope that is there says the same.
      skipped: reports.flatMap(({ skipped }) => skipped).filter((key) => !key.startsWith("scope/")),
      leftBehind: sum(reports, ({ leftBehind }) => leftBehind),
    };
  } finally {
    await registry.close();
  }
}

/** For the stores that are opened from now on. */
async function raiseEpoch(kept: Kept, epoch: number): Promise<void> {
  const { registry, world } = await openWorld(kept);
  try {
    await world.store.raiseEpoch(epoch);
  } finally {
    await registry.close();
  }
}

async function expectEmpty(store: Store, scopes: readonly string[]): Promise<void> {
  for (const scope of scopes) {
    // What scopes there are is written when they are opened.
    if (scope === SCOPES || (await isEmpty(store, scope))) continue;
    throw new RangeError(
      `\`merge\`: there are records in the scope ${JSON.stringify(scope)} already; import beside them (\`merge\`), or into an empty store`,
    );
  }
}

function parse(text: string): { readonly header: Header; readonly slots: readonly MovedSlot[] } {
  const [first, ...rest] = text.split("\n").filter((line) => line.trim() !== "");
  const header = json(first ?? "", 1) as Partial<Header>;
  if (header.moorage !== "export" || typeof header.version !== "number") {
    throw new RangeError("`text`: expected what `moorage export` wrote, received something else");
  }
  if (header.version > VERSION) {
    throw new RangeError(
      `\`text\`: expected an export of version ${VERSION} at most, received ${header.version}; use the newer version of Moorage`,
    );
  }
  const numbers = [header.epoch, header.slots];
  if (!numbers.every(Number.isSafeInteger) || typeof header.scope !== "string") {
    throw new RangeError(
      "`text`: expected the epoch, the scope and the number of slots in line 1, received others",
    );
  }
  const slots = rest.map((line, at) => slotOf(json(line, at + 2), at + 2));
  if (slots.length !== header.slots) {
    throw new RangeError(
      `\`text\`: expected as many slots as line 1 says, ${header.slots}, received ${slots.length}; it is not whole, and nothing was imported`,
    );
  }
  return { header: header as Header, slots };
}

function json(line: string, number: number): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // As below.
  }
  throw new RangeError(`\`text\`: expected an object in JSON in line ${number}, received ${describe(line)}`);
}

function slotOf(value: object, number: number): MovedSlot {
  const { scope, key, value: text } = value as Partial<MovedSlot>;
  if ([scope, key, text].every((one) => typeof one === "string")) return value as MovedSlot;
  throw new RangeError(`\`text\`: expected a scope, a key and a value in line ${number}, received others`);
}

function sum(reports: readonly Moved[], count: (report: Moved) => number): number {
  return reports.reduce((total, report) => total + count(report), 0);
}
