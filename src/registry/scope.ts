// The scope: whose ports a registry leases, by a name that the store keeps.
//
// On an engine of many machines a scope is a host's, which is one network namespace, or a pool: ports that belong to no
// kernel, as those of a virtual address. In a folder there are the network namespaces of one machine.
//
// What tells a network namespace apart can be another thing after a boot, and a namespace of this boot can have
// the number of one of the last. So the store binds its own name to what the host reads, once for each boot,
// and what names keep is found again. Two namespaces that share a folder have two scopes.

import type { Host, Slot, Store } from "../contract/index.ts";
import { PortError, PortSet } from "../core/index.ts";

interface ScopeRecord {
  readonly fingerprint: string;
  readonly boot: string;
}

/** Where the names of scopes are kept. */
export const SCOPES = "scopes";
export const SCOPE_PREFIX = "scope/";
const FIRST_NAME = "default";
const POOL_PREFIX = "pool/";

/** The name of the scope that this host's ports have in the store, made on first use. */
export async function bindScope(store: Store, { fingerprint, boot }: Host): Promise<string> {
  for (;;) {
    const slots = await store.list(SCOPES, SCOPE_PREFIX);
    const scopes = slots.map((slot) => ({ slot, ...readScope(slot) }));
    const bound = scopes.find((scope) => scope.fingerprint === fingerprint && scope.boot === boot);
    if (bound) return nameOf(bound.slot.key);
    // Hosts and pools that were imported are nobody's here.
    const former = scopes.filter((scope) => scope.boot !== undefined && scope.boot !== boot);
    // Of several from before the boot, only one that looks the same is surely this one.
    const again =
      former.find((scope) => scope.fingerprint === fingerprint) ??
      (former.length === 1 ? former[0] : undefined);
    const name = again ? nameOf(again.slot.key) : scopes.length === 0 ? FIRST_NAME : `${boot}-${fingerprint}`;
    const change = {
      key: SCOPE_PREFIX + name,
      ifRevision: again?.slot.revision ?? 0,
      value: JSON.stringify({ fingerprint, boot }),
    };
    if ((await store.commit(SCOPES, [change], { durable: true })).committed) return name;
  }
}

function readScope({ key, value }: Slot): Partial<ScopeRecord> {
  try {
    return JSON.parse(value) as Partial<ScopeRecord>;
  } catch (cause) {
    const message = `the record of ${key} cannot be read: it is not JSON`;
    throw new PortError("STORE_DAMAGED", message, { path: key }, { cause });
  }
}

function nameOf(key: string): string {
  return key.slice(SCOPE_PREFIX.length);
}

/** The scope of a host of this name on an engine. */
export function hostScope(name: string): string {
  return `host/${name}`;
}

/** The scope of a pool of this name. */
export function poolScope(name: string): string {
  return POOL_PREFIX + name;
}

/** The pool whose scope it is; `undefined`: a host's, or one of a folder. */
export function poolOf(scope: string): string | undefined {
  return scope.startsWith(POOL_PREFIX) ? scope.slice(POOL_PREFIX.length) : undefined;
}

/** Writes down that there is a host of this name; its scope is made on first use. */
export async function bindHost(store: Store, name: string): Promise<string> {
  const scope = hostScope(name);
  const key = SCOPE_PREFIX + scope;
  if ((await store.read(SCOPES, [key])).size === 0) {
    // When somebody else was first, it says the same.
    await store.commit(SCOPES, [{ key, ifRevision: 0, value: JSON.stringify({ host: name }) }]);
  }
  return scope;
}

/** A pool of an engine: its scope, and the ports that it has. */
export interface Pool {
  readonly scope: string;
  readonly ports: PortSet;
}

/**
 * Makes a pool of these ports, or finds it.
 *
 * @throws RangeError when it has other ports, or has none and is not told any.
 */
export async function bindPool(store: Store, name: string, ports: PortSet | undefined): Promise<Pool> {
  const scope = poolScope(name);
  const key = SCOPE_PREFIX + scope;
  for (;;) {
    const known = await portsOfPool(store, name);
    if (known) {
      if (!ports || String(ports) === String(known)) return { scope, ports: known };
      throw new RangeError(
        `\`scope.ports\`: the pool ${JSON.stringify(name)} has the ports ${String(known)}, received ${String(ports)}`,
      );
    }
    if (!ports) {
      throw new RangeError(
        `\`scope.ports\`: there is no pool ${JSON.stringify(name)} yet; say which ports it has, ` +
          `as in \`scope: { pool: ${JSON.stringify(name)}, ports: "30000-30009" }\` or MOORAGE_SCOPE=pool/${name}:30000-30009`,
      );
    }
    const value = JSON.stringify({ pool: name, ports: String(ports) });
    const commit = await store.commit(SCOPES, [{ key, ifRevision: 0, value }], { durable: true });
    if (commit.committed) return { scope, ports };
  }
}

/** The ports of a pool; `undefined`: there is none of this name. */
export async function portsOfPool(store: Store, name: string): Promise<PortSet | undefined> {
  const key = SCOPE_PREFIX + poolScope(name);
  const slot = (await store.read(SCOPES, [key])).get(key);
  return slot && PortSet.parse(readPool(slot));
}

/** What the record of a pool says. */
export function readPool(slot: Slot): string {
  const { ports } = readScope(slot) as { readonly ports?: unknown };
  if (typeof ports === "string") return ports;
  const message = `the record of ${slot.key} cannot be read: it says no ports`;
  throw new PortError("STORE_DAMAGED", message, { path: slot.key });
}

/** @throws RangeError for a host that no registry was opened for: its ports would be leased to nobody's use. */
export async function expectHosts(store: Store, hosts: readonly string[]): Promise<void> {
  const keys = hosts.map((host) => SCOPE_PREFIX + hostScope(host));
  const known = await store.read(SCOPES, keys);
  const unknown = hosts.find((_, at) => !known.has(keys[at]!));
  if (unknown === undefined) return;
  throw new RangeError(
    `\`hosts\`: there is no host ${JSON.stringify(unknown)} on this engine; a registry there makes it, when it is opened`,
  );
}
