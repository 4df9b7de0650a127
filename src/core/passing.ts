// A map and a set for what comes and goes, thousands of times a second, with few in them at a time.
//
// Those of the language keep what was removed until their table is full, and then begin another table; the old one points
// at it, for those who are iterating. Once one of the tables has come of age, the garbage collector takes each that follows
// for one in use, with all that was in it, until it goes through the old generation the next time: most of what a busy
// registry had at hand for milliseconds lived for seconds, and was copied twice. These begin anew before that, with a map
// that nothing else points at.
//
// Who iterates is told what was in it when it began.

/** So many are removed before it is begun anew, and as many as are in it. */
const FEW = 8;

export class PassingMap<Key, Value> {
  #map = new Map<Key, Value>();
  #removed = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    this.#map.set(key, value);
  }

  delete(key: Key): boolean {
    if (!this.#map.delete(key)) return false;
    if (++this.#removed > this.#map.size + FEW) {
      this.#map = new Map(this.#map);
      this.#removed = 0;
    }
    return true;
  }

  keys(): Key[] {
    return [...this.#map.keys()];
  }

  values(): Value[] {
    return [...this.#map.values()];
  }

  entries(): [Key, Value][] {
    return [...this.#map];
  }
}

export class PassingSet<Item> implements Iterable<Item> {
  readonly #items = new PassingMap<Item, true>();

  get size(): number {
    return this.#items.size;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  add(item: Item): void {
    this.#items.set(item, true);
  }

  delete(item: Item): boolean {
    return this.#items.delete(item);
  }

  [Symbol.iterator](): IterableIterator<Item> {
    return this.#items.keys().values();
  }
}
