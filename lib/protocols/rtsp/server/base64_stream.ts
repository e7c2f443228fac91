import { ProtocolError } from "#errors";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Value of each character; 64 for padding, 65 for what is passed over, 255 for what must not be there. */
const VALUES = new Uint8Array(256).fill(255);
for (const [index, character] of [...ALPHABET].entries()) VALUES[character.charCodeAt(0)] = index;
const PADDING = 64;
const SPACE = 65;
VALUES["=".charCodeAt(0)] = PADDING;
for (const space of " \t\r\n") VALUES[space.charCodeAt(0)] = SPACE;

/**
 * Decodes base64 that comes in any pieces; texts that were encoded one by one, each with its padding, may follow one
 * another. RFC 4648 section 4.
 */
export class Base64Stream {
  #bits = 0;
  /** Characters of the group at hand, 0 to 3. */
  #count = 0;
  /** Bytes of the group that are padding. */
  #padding = 0;

  /**
   * Decodes more.
   *
   * @returns What is complete; memory of its own.
   * @throws {ProtocolError} If a character is none of base64.
   */
  push(text: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(Math.ceil((text.length + this.#count) * 3 / 4));
    let length = 0;
    for (let at = 0; at < text.length; at++) {
      const value = VALUES[text[at]!]!;
      if (value === SPACE) continue;
      if (value > SPACE || value < PADDING && this.#padding > 0) {
        throw new ProtocolError(`Cannot decode base64: byte ${text[at]} at offset ${at}`);
      }
      if (value === PADDING) this.#padding++;
      this.#bits = this.#bits << 6 | value & 63;
      if (++this.#count < 4) continue;
      for (let shift = 16, left = 3 - this.#padding; left > 0; shift -= 8, left--) {
        bytes[length++] = this.#bits >> shift;
      }
      this.#bits = this.#count = this.#padding = 0;
    }
    return bytes.subarray(0, length);
  }
}
