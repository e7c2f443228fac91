/** Entries of the table of an RC4 stream; bytes count them. */
export const RC4_TABLE_BYTES = 256;

/** Where an RC4 stream stands. */
export interface Rc4State {
  /** `RC4_TABLE_BYTES`, in no particular order. */
  readonly table: Uint8Array;
  /** The entry used last, 0 to 255. */
  i: number;
  /** The entry it changed places with, 0 to 255. */
  j: number;
}

/**
 * One direction of an RC4 stream.
 *
 * A table of bytes and locals for the state; tables of 16 and 32 bits make it 15 and 50 % slower.
 */
export class Rc4 {
  /** Of this stream, for those who make its bytes elsewhere. */
  readonly state: Rc4State = { table: new Uint8Array(RC4_TABLE_BYTES), i: 0, j: 0 };

  /** @param key 1 to 256 bytes; only read here. */
  constructor(key: Uint8Array) {
    if (key.length === 0 || key.length > RC4_TABLE_BYTES) {
      throw new RangeError(`Cannot schedule RC4 key: need 1 to ${RC4_TABLE_BYTES} bytes, have ${key.length}`);
    }
    const { table } = this.state;
    for (let i = 0; i < table.length; i++) table[i] = i;
    for (let i = 0, j = 0; i < table.length; i++) {
      const value = table[i]!;
      j = (j + value + key[i % key.length]!) & 0xff;
      table[i] = table[j]!;
      table[j] = value;
    }
  }

  /**
   * Encrypts or decrypts `input` into `output`, which is at least as long and may be the same array. HOT.
   *
   * The next entry is read before the two of this step change places: a processor that has to wait for their
   * addresses, or guessed them wrong, needs half as long again.
   */
  apply(input: Uint8Array, output: Uint8Array): void {
    const { state } = this;
    const { table } = state;
    const length = input.length;
    let i = (state.i + 1) & 0xff;
    let j = state.j;
    let a = table[i]!;
    for (let at = 0; at < length; at++) {
      j = (j + a) & 0xff;
      const b = table[j]!;
      const next = (i + 1) & 0xff;
      let nextA = table[next]!;
      table[i] = b;
      table[j] = a;
      if (j === next) nextA = a;
      output[at] = input[at]! ^ table[(a + b) & 0xff]!;
      i = next;
      a = nextA;
    }
    state.i = (i - 1) & 0xff;
    state.j = j;
  }

  /** Drops `count` bytes of the key stream. */
  skip(count: number): void {
    const nothing = new Uint8Array(count);
    this.apply(nothing, nothing);
  }
}
