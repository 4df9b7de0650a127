// The engine that a registry is kept on: given by the caller, or named by MOORAGE_STORE, which goes before MOORAGE_DIR.
// Nobody loads what he does not use: the door of an engine is imported when a URL names it.

import type { Engine } from "../contract/index.ts";
import { describe } from "../core/expect.ts";

/** Opens the doors of engines, by the scheme of the URL. */
const DOORS: Readonly<Record<string, (url: string) => Promise<Engine>>> = {
  etcd: openEtcd,
  postgres: openPostgres,
  postgresql: openPostgres,
};

/** What is told of where a registry is kept. */
export interface Told {
  readonly directory?: string | undefined;
  readonly store?: Engine | undefined;
}

/**
 * The engine, or `undefined` where the registry is kept in a folder. What the caller says goes before the
 * environment.
 *
 * @throws TypeError for what is no engine, for an engine and a folder together, and for a MOORAGE_SCOPE without an
 * engine; RangeError for a URL that names none.
 */
export async function findEngine(
  { directory, store }: Told,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Engine | undefined> {
  if (store !== undefined && directory !== undefined) {
    throw new TypeError("`store`: a registry is kept on an engine or in a folder; leave `directory` out");
  }
  if (store !== undefined) return expectEngine(store);
  const { MOORAGE_STORE: url, MOORAGE_SCOPE: scope } = env;
  if (directory === undefined && url) return await loadEngine(url);
  // Beside MOORAGE_STORE it is of the engine that the caller leaves for a folder.
  if (scope && !url) {
    throw new TypeError(
      `\`MOORAGE_SCOPE\`: belongs to a registry on an engine, received ${describe(scope)}; name the engine in MOORAGE_STORE, or leave it out`,
    );
  }
  return undefined;
}

function expectEngine(value: unknown): Engine {
  const { name, open } = (typeof value === "object" && value !== null ? value : {}) as Partial<Engine>;
  if (typeof name === "string" && typeof open === "function") return value as Engine;
  throw new TypeError(
    `\`store\`: expected an engine, as etcd() and postgres() return one, received ${describe(value)}`,
  );
}

async function loadEngine(url: string): Promise<Engine> {
  const scheme = /^([a-z]+):\/\//u.exec(url)?.[1] ?? "";
  const door = DOORS[scheme];
  if (door) return await door(url);
  const known = Object.keys(DOORS).map((name) => `${name}://…`);
  // Not the URL itself: it can have a password in it.
  throw new RangeError(
    `\`MOORAGE_STORE\`: expected a URL of an engine (${known.join(", ")}), received ${scheme === "" ? "none" : `${scheme}://…`}`,
  );
}

async function openEtcd(url: string): Promise<Engine> {
  const { etcd, parseEtcdUrl } = await import("../stores/etcd/index.ts");
  return etcd(parseEtcdUrl(url));
}

async function openPostgres(url: string): Promise<Engine> {
  const { parsePostgresUrl, postgres } = await import("../stores/postgres/index.ts");
  return postgres(parsePostgresUrl(url));
}
