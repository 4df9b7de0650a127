// Under which id a store knows a project: a path says it, until the folder is moved. Then the record of the folder does,
// and its services keep their ports.
//
// What was deleted and made again at the same path is taken for the same. A copy is not: it is another folder while the
// first one is there. Where a file system does not tell folders apart, the path alone decides.

import { statSync } from "node:fs";
import { hostname } from "node:os";
import type { Store } from "../contract/index.ts";
import { type Place, projectId } from "./place.ts";
import {
  inodeOf,
  originOf,
  PLACE_PREFIX,
  placeKey,
  type PlaceRecord,
  projectIdOf,
  readPlace,
} from "./place-records.ts";

export interface Scoped {
  readonly store: Store;
  readonly scope: string;
}

/**
 * Whether many machines share the store. Folders are one machine's: what another one has at the same path is another
 * project, and nobody can say from here whether it is there.
 */
export function isShared({ store }: Scoped): boolean {
  return store.expiring !== undefined;
}

/** The place with the id that the store knows its project by. */
export async function settle({ store, scope }: Scoped, place: Place): Promise<Place> {
  const { project } = place;
  if (isShared({ store, scope })) {
    const id = projectId(project.label, `${hostname()}\0${originOf(project)}`);
    return { ...place, project: { ...project, id } };
  }
  const own = { path: originOf(project), inode: inodeOf(originOf(project)) };
  const key = placeKey(project.id);
  const known = readPlace((await store.read(scope, [key])).get(key));
  if (known && isAt(known, own.path) && (known.inode === own.inode || own.inode === null)) return place;
  const slots = await store.list(scope, PLACE_PREFIX);
  const records = new Map(
    slots.flatMap((slot) => {
      const record = readPlace(slot);
      return record ? [[projectIdOf(slot), record] as const] : [];
    }),
  );
  return { ...place, project: { ...project, id: idAmong(records, project, own) } };
}

interface Own {
  readonly path: string;
  readonly inode: string | null;
}

function idAmong(
  records: ReadonlyMap<string, PlaceRecord>,
  { id, label }: Place["project"],
  own: Own,
): string {
  for (const [other, record] of records) if (isSameFolder(record, own)) return other;
  // The id that the path makes is another's who has moved away, or the hashes of two paths are one.
  for (let number = 2, free = id; ; number++) {
    const record = records.get(free);
    if (!record || isAt(record, own.path)) return free;
    free = projectId(label, `${own.path}\0${number}`);
  }
}

/** Whether a record is of this very folder, here or where it was before it was moved. */
function isSameFolder(record: PlaceRecord, { path, inode }: Own): boolean {
  if (inode === null || record.inode !== inode) return false;
  const there = originOf(record);
  // A snapshot of a file system has the same numbers in another one.
  return there === path || inodeOf(there) !== inode || deviceOf(there) === deviceOf(path);
}

function isAt(record: PlaceRecord, path: string): boolean {
  return originOf(record) === path;
}

function deviceOf(folder: string): bigint {
  return statSync(folder, { bigint: true }).dev;
}
