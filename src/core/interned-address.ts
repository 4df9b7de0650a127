// The addresses of one table: each text is parsed once and found again in one look-up, as a small object with
// a number, so that what belongs to an address stands in arrays.
//
// The two texts asked for last need no look-up at all: a server asks for one address again and again, or for
// one of each family in turn.
//
// An address that something is held on (`uses` above 0) is kept as long as that lasts. Of the others, and of
// other spellings, a bounded number is remembered: `tidy` forgets them when they are too many, and their
// numbers go to addresses to come. It is called between operations, when nobody has an interned address in
// hand.

import { type Family, IpAddress } from "./ip-address.ts";

/** The key of the wildcard address; every other key is a canonical text. */
export const WILDCARD = "";

export interface InternedAddress {
  /** WILDCARD, or the canonical text of a specific address. */
  readonly key: string;
  /** That of the wildcard, too. */
  readonly family: Family;
  /** 0 for the wildcard; no two specific addresses have the same number at a time. */
  readonly id: number;
  /** How many sets of ports and cursors stand under `id`. */
  uses: number;
}

/** How many addresses without a use, and other spellings, are remembered at least. */
const REMEMBERED = 4096;

export class AddressInterner {
  readonly #read: (text: string) => IpAddress;
  readonly #byText = new Map<string, InternedAddress>();
  readonly #freeIds: number[] = [];
  /** The text that was looked up last, and the one before it, each with its address. */
  #lastText: string | undefined;
  #last: InternedAddress | undefined;
  #formerText: string | undefined;
  #former: InternedAddress | undefined;
  #nextId = 1;
  #limit = REMEMBERED;

  /** @param read Says which address a text is; another one than it names where two are to be one. */
  constructor(read: (text: string) => IpAddress) {
    this.#read = read;
  }

  /** The address that the text says. @throws what `read` throws, and nothing is remembered. */
  get(text: string): InternedAddress {
    if (text === this.#lastText) return this.#last!;
    if (text === this.#formerText) return this.#former!;
    return this.#lookUp(text);
  }

  /** The address of an operation that begins: as `tidy` and `get`. */
  begin(text: string): InternedAddress {
    if (text === this.#lastText) return this.#last!;
    if (text === this.#formerText) return this.#former!;
    this.tidy();
    return this.#lookUp(text);
  }

  /** Forgets what is not in use when there is too much of it. */
  tidy(): void {
    if (this.#byText.size > this.#limit) this.#forget();
  }

  #lookUp(text: string): InternedAddress {
    const known = this.#byText.get(text) ?? this.#learn(text);
    this.#formerText = this.#lastText;
    this.#former = this.#last;
    this.#lastText = text;
    this.#last = known;
    return known;
  }

  #learn(text: string): InternedAddress {
    const address = this.#read(text);
    // The caller's own string is the better key: found again, it is equal without a look at its characters.
    const key = text === address.text ? text : address.text;
    const known = this.#byText.get(key) ?? this.#intern(key, address);
    if (text !== key) this.#byText.set(text, known);
    return known;
  }

  #intern(key: string, { family, isUnspecified }: IpAddress): InternedAddress {
    const interned: InternedAddress = isUnspecified
      ? { key: WILDCARD, family, id: 0, uses: 0 }
      : { key, family, id: this.#freeIds.pop() ?? this.#nextId++, uses: 0 };
    this.#byText.set(key, interned);
    return interned;
  }

  #forget(): void {
    this.#lastText = undefined;
    this.#formerText = undefined;
    for (const [text, { key, id, uses }] of this.#byText) {
      if (id === 0 || (uses > 0 && text === key)) continue;
      this.#byText.delete(text);
      if (text === key) this.#freeIds.push(id);
    }
    this.#limit = this.#byText.size + REMEMBERED;
  }
}
