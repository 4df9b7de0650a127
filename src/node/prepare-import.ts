// What comes before an import writes: whose slots go where, whether they may, and then a later epoch.
//
// All looks come first, so that what is refused has changed nothing: no epoch, no pool, no slot.

import type { Store } from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import { openHost } from "../host/index.ts";
import { bindPool, bindScope } from "../registry/index.ts";
import { isEmpty, type MovedSlot } from "../registry/moving.ts";
import { poolOf, portsOfPool, readPool, SCOPE_PREFIX, SCOPES } from "../registry/scope.ts";
import type { Exported } from "./export-text.ts";
import { nameOfScope } from "./scope.ts";
import { openStore, type Whereabouts } from "./whereabouts.ts";

/** The slots to write, by the scopes that they go into. The store's next tokens are of a later epoch than theirs. */
export async function prepareImport(
  exported: Exported,
  place: Whereabouts,
  merge: boolean,
): Promise<ReadonlyMap<string, readonly MovedSlot[]>> {
  const host = openHost();
  const named = place.engine && nameOfScope(place.scope, host);
  // An engine of many hosts is moved from any of them.
  const keepsNames = named !== undefined && scopesIn(exported).has(named);
  if (!keepsNames) expectOfOneKind(exported.scope, named ?? "this machine, in a folder");
  const store = await openStore(place, host);
  try {
    const into = keepsNames ? exported.scope : (named ?? (await bindScope(store, host)));
    const byScope = sortByScope(exported, into);
    if (!merge) await expectEmpty(store, [...byScope.keys()]);
    await makePool(store, place, poolsIn(exported));
    await store.raiseEpoch(exported.epoch + 1);
    return byScope;
  } finally {
    await store.close();
  }
}

/** Ports of a pool are no machine's, and those of a machine, or of another pool, are not that pool's. */
function expectOfOneKind(from: string, into: string): void {
  const pool = poolOf(from);
  if (pool === poolOf(into)) return;
  const expected = pool === undefined ? `that of a host, as ${from} is, which was` : `${from}, which was`;
  const advice =
    pool === undefined
      ? "import with a MOORAGE_SCOPE that is a host's, or without one"
      : `import on an engine with MOORAGE_SCOPE=${from} (\`scope: { pool: ${JSON.stringify(pool)} }\`)`;
  throw new RangeError(`\`scope\`: expected ${expected} exported, received ${into}; ${advice}`);
}

/** @param into is where goes what the exporting scope had */
function sortByScope(exported: Exported, into: string): Map<string, MovedSlot[]> {
  const byScope = new Map<string, MovedSlot[]>();
  for (const slot of exported.slots) {
    const scope = slot.scope === exported.scope ? into : slot.scope;
    const others = byScope.get(scope);
    if (others) others.push({ ...slot, scope });
    else byScope.set(scope, [{ ...slot, scope }]);
  }
  return byScope;
}

function scopesIn({ slots }: Exported): ReadonlySet<string> {
  const records = slots.filter(({ scope }) => scope === SCOPES);
  return new Set([
    ...slots.map(({ scope }) => scope),
    ...records.map(({ key }) => key.slice(SCOPE_PREFIX.length)),
  ]);
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

/** Pools that were exported, by their names, with their ports. */
function poolsIn({ scope, ports, slots }: Exported): ReadonlyMap<string, PortSet> {
  const pools = new Map<string, PortSet>();
  const own = poolOf(scope);
  if (own !== undefined && ports) pools.set(own, ports);
  for (const slot of slots.filter((one) => one.scope === SCOPES)) {
    const pool = poolOf(slot.key.slice(SCOPE_PREFIX.length));
    if (pool !== undefined) pools.set(pool, PortSet.parse(readPool({ ...slot, revision: 1 })));
  }
  return pools;
}

/** Looks whether all pools have room for what was exported, and makes this registry's own where it is not there. */
async function makePool(
  store: Store,
  { scope }: Whereabouts,
  pools: ReadonlyMap<string, PortSet>,
): Promise<void> {
  const own = scope && "pool" in scope ? scope : undefined;
  for (const [pool, exported] of pools) {
    const ports = (await portsOfPool(store, pool)) ?? (pool === own?.pool ? own.ports : undefined);
    if (!ports || exported.without(ports).size === 0) continue;
    throw new RangeError(
      `\`scope.ports\`: expected all ports that the pool ${JSON.stringify(pool)} had, ${String(exported)}, received ${String(ports)}`,
    );
  }
  if (!own) return;
  const isThere = (await portsOfPool(store, own.pool)) !== undefined;
  await bindPool(store, own.pool, own.ports ?? (isThere ? undefined : pools.get(own.pool)));
}
