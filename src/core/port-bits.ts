// A set of ports, 0 to 65535: add, delete, the next one that is or is not in it, the n-th one.
//
// A few ports stand in a short sorted list, so that an address with three of them costs bytes; past
// SPARSE_LIMIT the set becomes 65,536 bits with two levels of summary above them, which say "this word is
// full" and let a search step over 32 or 1,024 taken ports at once. An emptied set is a short list again.
//
// A search over the union of several sets reads word by word (`nextOutside`): no set of unions is built.

const SPARSE_LIMIT = 256;
const WORDS = 2048;
const FULL = -1;

interface Dense {
  /** Bit p & 31 of word p >> 5 is port p. */
  readonly words: Int32Array;
  /** Bit w & 31 of entry w >> 5 says that word w is full. */
  readonly fullWords: Int32Array;
}

export class PortBits implements Iterable<number> {
  #size = 0;
  #sparse: number[] = [];
  #dense: Dense | undefined;

  static from(ports: Iterable<number>): PortBits {
    const bits = new PortBits();
    for (const port of ports) bits.add(port);
    return bits;
  }

  get size(): number {
    return this.#size;
  }

  has(port: number): boolean {
    const dense = this.#dense;
    if (dense) return (dense.words[port >> 5]! & (1 << (port & 31))) !== 0;
    const sparse = this.#sparse;
    return sparse[lowerBound(sparse, port)] === port;
  }

  /** Puts the port into the set; false when it was there. */
  add(port: number): boolean {
    let dense = this.#dense;
    if (!dense) {
      const sparse = this.#sparse;
      const at = lowerBound(sparse, port);
      if (sparse[at] === port) return false;
      if (sparse.length < SPARSE_LIMIT) {
        insertAt(sparse, at, port);
        this.#size++;
        return true;
      }
      dense = this.#spread();
    }
    const index = port >> 5;
    const word = dense.words[index]!;
    const next = word | (1 << (port & 31));
    if (next === word) return false;
    dense.words[index] = next;
    if (next === FULL) dense.fullWords[index >> 5]! |= 1 << (index & 31);
    this.#size++;
    return true;
  }

  /** Takes the port out of the set; false when it was not there. */
  delete(port: number): boolean {
    const dense = this.#dense;
    if (!dense) {
      const sparse = this.#sparse;
      const at = lowerBound(sparse, port);
      if (sparse[at] !== port) return false;
      removeAt(sparse, at);
      this.#size--;
      return true;
    }
    const index = port >> 5;
    const word = dense.words[index]!;
    const next = word & ~(1 << (port & 31));
    if (next === word) return false;
    dense.words[index] = next;
    if (word === FULL) dense.fullWords[index >> 5]! &= ~(1 << (index & 31));
    if (--this.#size === 0) this.#dense = undefined;
    return true;
  }

  /** Bits 32 × `index` to 32 × `index` + 31. */
  word(index: number): number {
    const dense = this.#dense;
    if (dense) return dense.words[index]!;
    const sparse = this.#sparse;
    let word = 0;
    for (let at = lowerBound(sparse, index << 5); at < sparse.length && sparse[at]! >> 5 === index; at++) {
      word |= 1 << (sparse[at]! & 31);
    }
    return word;
  }

  /** The first word at or after `index` that this set alone does not fill; may be past the last word. */
  nextOpenWord(index: number): number {
    const dense = this.#dense;
    if (!dense) return index;
    const { fullWords } = dense;
    let group = index >> 5;
    let open = ~fullWords[group]! & (FULL << (index & 31));
    while (open === 0) {
      if (++group === fullWords.length) return WORDS;
      open = ~fullWords[group]!;
    }
    return (group << 5) + lowestBit(open);
  }

  /** The smallest port of the set from `first` to `last`, or -1. */
  nextInside(first: number, last: number): number {
    const dense = this.#dense;
    if (!dense) {
      const port = this.#sparse[lowerBound(this.#sparse, first)];
      return port !== undefined && port <= last ? port : -1;
    }
    let index = first >> 5;
    let word = dense.words[index]! & (FULL << (first & 31));
    while (word === 0) {
      if (++index > last >> 5) return -1;
      word = dense.words[index]!;
    }
    const port = (index << 5) + lowestBit(word);
    return port <= last ? port : -1;
  }

  /** The port that has exactly `rank` smaller ones in the set, or -1. */
  nth(rank: number): number {
    const dense = this.#dense;
    if (!dense) return this.#sparse[rank] ?? -1;
    if (rank < 0 || rank >= this.#size) return -1;
    let left = rank;
    let index = 0;
    for (let count = countBits(dense.words[0]!); left >= count; count = countBits(dense.words[index]!)) {
      left -= count;
      index++;
    }
    let word = dense.words[index]!;
    while (left-- > 0) word &= word - 1;
    return (index << 5) + lowestBit(word);
  }

  /** The ports in rising order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let port = this.nextInside(0, 65535); port !== -1; port = this.nextInside(port + 1, 65535)) {
      yield port;
      if (port === 65535) return;
    }
  }

  #spread(): Dense {
    const dense: Dense = { words: new Int32Array(WORDS), fullWords: new Int32Array(WORDS / 32) };
    for (const port of this.#sparse) dense.words[port >> 5]! |= 1 << (port & 31);
    for (const [index, word] of dense.words.entries()) {
      if (word === FULL) dense.fullWords[index >> 5]! |= 1 << (index & 31);
    }
    this.#sparse = [];
    this.#dense = dense;
    return dense;
  }
}

/** The smallest port from `first` to `last` that none of the sets has, or -1. */
export function nextOutside(sets: readonly PortBits[], first: number, last: number): number {
  let index = first >> 5;
  let mask = FULL << (first & 31);
  const end = last >> 5;
  while (index <= end) {
    let taken = 0;
    for (let i = 0; i < sets.length; i++) taken |= sets[i]!.word(index);
    const free = ~taken & mask;
    if (free !== 0) {
      const port = (index << 5) + lowestBit(free);
      return port <= last ? port : -1;
    }
    mask = FULL;
    index++;
    for (let i = 0; i < sets.length; i++) index = sets[i]!.nextOpenWord(index);
  }
  return -1;
}

/** The first position whose port is `port` or larger. */
function lowerBound(sorted: readonly number[], port: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < port) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertAt(list: number[], at: number, value: number): void {
  list.push(value);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1]!;
  list[at] = value;
}

function removeAt(list: number[], at: number): void {
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i]!;
  list.pop();
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function countBits(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
