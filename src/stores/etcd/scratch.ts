// Where bytes are decoded that come as base64, one text after the other: a place of its own for each costs more than to
// decode it, and who watches a scope reads each slot that anybody writes.

/** Nearly all keys and values are shorter. */
const USUAL_BYTES = 1024;

export class Scratch {
  #bytes = Buffer.allocUnsafe(USUAL_BYTES);

  /** The bytes of a text, until the next one is decoded, and how many there are. */
  decode(base64: string): { readonly bytes: Buffer; readonly length: number } {
    // As many characters are fewer bytes.
    if (base64.length > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(base64.length);
    return { bytes: this.#bytes, length: this.#bytes.write(base64, "base64") };
  }
}
