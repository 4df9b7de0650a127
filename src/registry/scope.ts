// The scope: whose ports a registry leases, by a name that the store keeps.
//
// What tells a network namespace apart can be another thing after a boot, and a namespace of this boot can have
// the number of one of the last. So the store binds its own name to what the host reads, once for each boot,
// and what names keep is found again. Two namespaces that share a folder have two scopes.

import type { Host, Slot, Store } from "../contract/index.ts";
import { PortError } from "../core/index.ts";

interface ScopeRecord {
  readonly fingerprint: string;
  readonly boot: string;
}

/** Where the names of scopes are kept. */
export const SCOPES = "scopes";
export const SCOPE_PREFIX = "scope/";
const FIRST_NAME = "default";

/** The name of the scope that this host's ports have in the store, made on first use. */
export async function bindScope(store: Store, { fingerprint, boot }: Host): Promise<string> {
  for (;;) {
    const slots = await store.list(SCOPES, SCOPE_PREFIX);
    const scopes = slots.map((slot) => ({ slot, ...readScope(slot) }));
    const bound = scopes.find((scope) => scope.fingerprint === fingerprint && scope.boot === boot);
    if (bound) return nameOf(bound.slot.key);
    const former = scopes.filter((scope) => scope.boot !== boot);
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

function readScope({ key, value }: Slot): ScopeRecord {
  try {
    return JSON.parse(value) as ScopeRecord;
  } catch (cause) {
    const message = `the record of ${key} cannot be read: it is not JSON`;
    throw new PortError("STORE_DAMAGED", message, { path: key }, { cause });
  }
}

function nameOf(key: string): string {
  return key.slice(SCOPE_PREFIX.length);
}
