// Where a registry is kept and whose ports it leases there, from what the caller says and the environment.

import type { Engine, Host, Store } from "../contract/index.ts";
import { openSqliteStore } from "../stores/sqlite/index.ts";
import { systemChance, systemClock } from "./clock.ts";
import { findEngine, type Told } from "./engine.ts";
import { expectScope, type KnownScope, type Scope, scopeFromEnvironment } from "./scope.ts";
import { stateDirectory, surroundings } from "./state-directory.ts";

/** Before anything is opened. */
export interface Whereabouts {
  /** `undefined`: in a folder. */
  readonly engine: Engine | undefined;
  readonly directory: string | undefined;
  /** On an engine; `undefined`: this machine's. */
  readonly scope: KnownScope | undefined;
}

/** @throws as `findEngine`; TypeError or RangeError for what is no scope, and for a scope without an engine. */
export async function findWhereabouts(
  options: Told & { readonly scope?: Scope | undefined },
): Promise<Whereabouts> {
  const { directory } = options;
  const engine = await findEngine(options, process.env);
  if (options.scope !== undefined) {
    if (!engine) throw belongsToEngines("scope");
    return { engine, directory, scope: expectScope(options.scope) };
  }
  return { engine, directory, scope: engine && scopeFromEnvironment(process.env) };
}

/** The store alone, in which nothing is made yet. */
export async function openStore({ engine, directory }: Whereabouts, { boot }: Host): Promise<Store> {
  const surrounding = { clock: systemClock, chance: systemChance };
  if (engine) return await engine.open(surrounding);
  return await openSqliteStore({
    directory: stateDirectory(directory, surroundings()),
    boot,
    ...surrounding,
  });
}

/** What has a meaning on engines only. */
export function belongsToEngines(option: "scope" | "sessionTtlMs"): TypeError {
  return new TypeError(`\`${option}\`: belongs to a registry on an engine (\`store\`)`);
}
