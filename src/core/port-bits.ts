// A set of ports, 0 to 65535: add, delete, the next one that is or is not in it, the n-th one.
//
// One port is a number, a few are a short sorted list, so that an address with three of them costs bytes;
// past FEW the set becomes 65,536 bits, with one bit above each word of 32 that says "this word is full" and
// lets a search step over 1,024 taken ports at once. An emptied set begins again with nothing.
//
// PortUnion searches several sets at once.

const FEW = 256;
const WORDS = 2048;
const FULL = -1;
const NONE = -1;
const NO_WORDS = new Int32Array(0);

export class PortBits implements Iterable<number> {
  #size = 0;
  /** The only port, while there has been no second one; or NONE. */
  #only = NONE;
  /** From the second port on, until there are too many or none is left: the first `#size` are all ports in order. */
  #few: number[] | undefined;
  /** Bit p & 31 of word p >> 5 is port p. */
  #words: Int32Array | undefined;
  /** Bit w & 31 of entry w >> 5 says that word w is full. There whenever `#words` is. */
  #fullWords: Int32Array = NO_WORDS;

  static from(ports: Iterable<number>): PortBits {
    const bits = new PortBits();
    for (const port of ports) bits.add(port);
    return bits;
  }

  /** The same ports in a set of their own. */
  copy(): PortBits {
    const copy = new PortBits();
    copy.#size = this.#size;
    copy.#only = this.#only;
    copy.#few = this.#few?.slice();
    copy.#words = this.#words?.slice();
    copy.#fullWords = this.#words ? this.#fullWords.slice() : NO_WORDS;
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  has(port: number): boolean {
    const words = this.#words;
    if (words !== undefined) return (words[port >> 5]! & (1 << (port & 31))) !== 0;
    const few = this.#few;
    return few === undefined ? this.#only === port : isIn(few, this.#size, port);
  }

  /** Puts the port into the set; false when it was there. */
  add(port: number): boolean {
    const words = this.#words;
    if (words !== undefined) return this.#addToWords(words, port);
    if (this.#size > 0) return this.#addToFew(port);
    this.#only = port;
    this.#size = 1;
    return true;
  }

  /** Puts all ports from `first` to `last` into the set, a whole word at a time where there are many. */
  addRange(first: number, last: number): void {
    let port = first;
    if (last - first >= FEW) {
      const words = this.#words ?? this.#spread();
      for (; (port & 31) !== 0; port++) this.add(port);
      for (; port + 31 <= last; port += 32) this.#fill(words, port >> 5);
    }
    for (; port <= last; port++) this.add(port);
  }

  /** Takes the port out of the set; false when it was not there. */
  delete(port: number): boolean {
    const words = this.#words;
    if (words !== undefined) return this.#deleteFromWords(words, port);
    if (this.#few !== undefined) return this.#deleteFromFew(this.#few, port);
    if (this.#only !== port) return false;
    this.#only = NONE;
    this.#size = 0;
    return true;
  }

  /** Bits 32 × `index` to 32 × `index` + 31. */
  word(index: number): number {
    const words = this.#words;
    if (words !== undefined) return words[index]!;
    const few = this.#few;
    if (few !== undefined) return wordOf(few, this.#size, index);
    return this.#only >> 5 === index ? 1 << (this.#only & 31) : 0;
  }

  /** The first word at or after `index` that this set alone does not fill; may be past the last word. */
  nextOpenWord(index: number): number {
    const fullWords = this.#fullWords;
    let group = index >> 5;
    if (group >= fullWords.length) return index;
    let open = ~fullWords[group]! & (FULL << (index & 31));
    while (open === 0) {
      if (++group === fullWords.length) return WORDS;
      open = ~fullWords[group]!;
    }
    return (group << 5) + lowestBit(open);
  }

  /** The smallest port of the set from `first` to `last`, or -1. */
  nextInside(first: number, last: number): number {
    const words = this.#words;
    if (words === undefined) {
      const few = this.#few;
      const at = few === undefined ? 0 : lowerBound(few, this.#size, first);
      const port = few === undefined ? this.#only : at < this.#size ? few[at]! : NONE;
      return port >= first && port <= last ? port : -1;
    }
    let index = first >> 5;
    let word = words[index]! & (FULL << (first & 31));
    while (word === 0) {
      if (++index > last >> 5) return -1;
      word = words[index]!;
    }
    const port = (index << 5) + lowestBit(word);
    return port <= last ? port : -1;
  }

  /** The port that has exactly `rank` smaller ones in the set, or -1. */
  nth(rank: number): number {
    if (rank < 0 || rank >= this.#size) return -1;
    const words = this.#words;
    if (words === undefined) return this.#few === undefined ? this.#only : this.#few[rank]!;
    let left = rank;
    let index = 0;
    for (let count = countBits(words[0]!); left >= count; count = countBits(words[index]!)) {
      left -= count;
      index++;
    }
    return (index << 5) + nthBit(words[index]!, left);
  }

  /** The ports in rising order. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let port = this.nextInside(0, 65535); port !== -1; port = this.nextInside(port + 1, 65535)) {
      yield port;
      if (port === 65535) return;
    }
  }

  #addToFew(port: number): boolean {
    const few = this.#few;
    if (few === undefined) {
      const only = this.#only;
      if (only === port) return false;
      this.#few = only < port ? [only, port] : [port, only];
      this.#size = 2;
      return true;
    }
    const size = this.#size;
    const at = lowerBound(few, size, port);
    if (at < size && few[at] === port) return false;
    if (size === FEW) {
      this.#spread();
      return this.add(port);
    }
    if (size === few.length) few.push(port);
    for (let i = size; i > at; i--) few[i] = few[i - 1]!;
    few[at] = port;
    this.#size = size + 1;
    return true;
  }

  #deleteFromFew(few: number[], port: number): boolean {
    const size = this.#size;
    const at = lowerBound(few, size, port);
    if (at === size || few[at] !== port) return false;
    for (let i = at + 1; i < size; i++) few[i - 1] = few[i]!;
    this.#size = size - 1;
    if (size === 1) {
      this.#few = undefined;
      this.#only = NONE;
    }
    return true;
  }

  #addToWords(words: Int32Array, port: number): boolean {
    const index = port >> 5;
    const word = words[index]!;
    const next = word | (1 << (port & 31));
    if (next === word) return false;
    words[index] = next;
    if (next === FULL) this.#markFull(index);
    this.#size++;
    return true;
  }

  #deleteFromWords(words: Int32Array, port: number): boolean {
    const index = port >> 5;
    const word = words[index]!;
    const next = word & ~(1 << (port & 31));
    if (next === word) return false;
    words[index] = next;
    if (word === FULL) this.#markOpen(index);
    if (--this.#size === 0) this.#collapse();
    return true;
  }

  #markFull(index: number): void {
    this.#fullWords[index >> 5]! |= 1 << (index & 31);
  }

  #markOpen(index: number): void {
    this.#fullWords[index >> 5]! &= ~(1 << (index & 31));
  }

  #collapse(): void {
    this.#words = undefined;
    this.#fullWords = NO_WORDS;
  }

  /** Makes bits of what was a number or a list. */
  #spread(): Int32Array {
    const ports = [...this];
    const words = new Int32Array(WORDS);
    this.#size = 0;
    this.#few = undefined;
    this.#only = NONE;
    this.#words = words;
    this.#fullWords = new Int32Array(WORDS / 32);
    for (const port of ports) this.#addToWords(words, port);
    return words;
  }

  #fill(words: Int32Array, index: number): void {
    this.#size += 32 - countBits(words[index]!);
    words[index] = FULL;
    this.#markFull(index);
  }
}

/** Whether the port is among the first `size`. */
function isIn(sorted: readonly number[], size: number, port: number): boolean {
  const at = lowerBound(sorted, size, port);
  return at < size && sorted[at] === port;
}

/** Those of the first `size` ports that fall into a word, as its bits. */
function wordOf(sorted: readonly number[], size: number, index: number): number {
  let word = 0;
  for (let at = lowerBound(sorted, size, index << 5); at < size && sorted[at]! >> 5 === index; at++) {
    word |= 1 << (sorted[at]! & 31);
  }
  return word;
}

/** The first of `size` positions whose port is `port` or larger; `size` when there is none. */
function lowerBound(sorted: readonly number[], size: number, port: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < port) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The position of the lowest bit of a word that has one. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The position of the bit that has exactly `rank` lower ones in the word, which has more than `rank`. */
export function nthBit(word: number, rank: number): number {
  let left = word;
  for (let i = 0; i < rank; i++) left &= left - 1;
  return lowestBit(left);
}

export function countBits(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
