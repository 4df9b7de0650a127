// The slots of a lease over several hosts: the same keys in several scopes. Nearly all leases are of one scope, the
// registry's own, and their slots are known by their keys alone.

import type { AbortableOptions, Slot } from "../contract/index.ts";
import type { World } from "./world.ts";

/** Where a slot is; `undefined`: in the registry's own scope. */
export type Elsewhere = string | undefined;

/** The scopes of a lease: `null`: the registry's own alone. */
export type Scopes = readonly string[] | null;

/** Tells a slot apart from that of the same key in another scope. */
export function slotId(scope: Elsewhere, key: string): string {
  return scope === undefined ? key : `${scope}\0${key}`;
}

/** The scopes as slots name them. */
export function placesOf({ scope }: Pick<World, "scope">, scopes: Scopes): readonly Elsewhere[] {
  return scopes === null ? [undefined] : scopes.map((one) => (one === scope ? undefined : one));
}

/** The slots there are of these keys in all the scopes, by `slotId`. */
export async function readScattered(
  { store, scope }: Pick<World, "store" | "scope">,
  scopes: Scopes,
  keys: readonly string[],
  options?: AbortableOptions,
): Promise<ReadonlyMap<string, Slot>> {
  if (scopes === null) return await store.read(scope, keys, options);
  const found = await Promise.all(
    placesOf({ scope }, scopes).map(async (place) => {
      const slots = await store.read(place ?? scope, keys, options);
      return [...slots.values()].map((slot) => [slotId(place, slot.key), slot] as const);
    }),
  );
  return new Map(found.flat());
}
