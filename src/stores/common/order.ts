// The orders that slots are told in: the same for every engine.

interface Keyed {
  readonly key: string;
}

/** The order of keys: by code point, which is the order of their bytes in UTF-8. */
export function byKey(one: Keyed, other: Keyed): number {
  const [a, b] = [one.key, other.key];
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** The order of commits; slots of one commit by their keys. */
export function byRevision(
  one: Keyed & { readonly revision: number },
  other: Keyed & { readonly revision: number },
): number {
  return one.revision - other.revision || byKey(one, other);
}

/** Halves of characters beyond 16 bits sort behind all other code units, as the characters do. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
