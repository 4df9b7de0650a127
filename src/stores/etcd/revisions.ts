// Revisions of commits. Etcd has one for a whole transaction, which several commits can share: each has its place in it, and
// its revision is 128 times etcd's and the place. So no two commits have the same, and they grow as etcd's do. A commit alone
// has the last place.
//
// The place is written before the value, "5:value". A slot that is removed leaves nothing to write it to: who watches is told
// the last place of the transaction for it, which is before all that comes later. A condition is on etcd's revision, which a
// slot gets once: only a revision that was never given can be taken for another.

import type { Header } from "./messages.ts";

/** More than there can be commits that share a transaction. */
const PLACES = 128;
export const LAST_PLACE: number = PLACES - 1;

export function revisionAt(etcdRevision: string | undefined, place: number): number {
  return Number(etcdRevision ?? 0) * PLACES + place;
}

/** That of a commit at a place of the transaction that is answered; of all that was before the answer, the greatest. */
export function revisionOf({ revision }: Header, place: number = LAST_PLACE): number {
  return revisionAt(revision, place);
}

/** Etcd's revision, of which a commit's is. */
export function etcdRevisionOf(revision: number): number {
  return Math.floor(revision / PLACES);
}

/** The greatest of the transaction of a commit. */
export function lastOf(revision: number): number {
  return etcdRevisionOf(revision) * PLACES + LAST_PLACE;
}

export function placed(value: string, place: number): string {
  return `${place}:${value}`;
}

/** @param bytes of a value, `length` of them @returns `undefined` for what no commit wrote. */
export function readPlaced(
  bytes: Buffer,
  length: number,
): { readonly place: number; readonly value: string } | undefined {
  let place = 0;
  for (let at = 0; at < length && at <= MOST_DIGITS; at++) {
    const byte = bytes[at]!;
    // Cut out of the bytes, not of a text that would stay as long as this.
    if (byte === COLON && at > 0 && place < PLACES) {
      return { place, value: bytes.toString("utf8", at + 1, length) };
    }
    if (byte < ZERO || byte > ZERO + 9) return undefined;
    place = place * 10 + byte - ZERO;
  }
  return undefined;
}

const MOST_DIGITS = 3;
const [COLON, ZERO] = [0x3a, 0x30];
