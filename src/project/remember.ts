// Writing down where a place is, before its services get ports that stay theirs.

import { type Place } from "./place.ts";
import { placeKey, type PlaceRecord, readPlace, recordOf, writePlace } from "./place-records.ts";
import type { Scoped } from "./settle.ts";

/** The record of a settled place as it is now: written if it is not there yet, or not true any more. */
export async function remember({ store, scope }: Scoped, place: Place): Promise<PlaceRecord> {
  const key = placeKey(place.project.id);
  for (;;) {
    const slot = (await store.read(scope, [key])).get(key);
    const record = recordOf(place, readPlace(slot));
    const value = writePlace(record);
    if (slot?.value === value) return record;
    const change = { key, ifRevision: slot?.revision ?? 0, value };
    // What names keep is durable; so is what tells whose names they are.
    if ((await store.commit(scope, [change], { durable: true })).committed) return record;
  }
}
