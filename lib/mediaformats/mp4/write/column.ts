/** Typed arrays a column can be of. */
type ColumnArray = Uint32Array | Int32Array | Float64Array;

/** A growing column of numbers, without an object for each. */
export class Column<A extends ColumnArray> {
  #array: A;
  readonly #grow: (length: number) => A;
  #length = 0;

  /** @param grow Makes an array of the column's type; called with twice the length when it is full. */
  constructor(grow: (length: number) => A) {
    this.#grow = grow;
    this.#array = grow(64);
  }

  /** How many numbers it holds. */
  get length(): number {
    return this.#length;
  }

  /** The number at `index`, which must be there. */
  at(index: number): number {
    return this.#array[index]!;
  }

  /** Adds a number at the end. */
  push(value: number): void {
    if (this.#length === this.#array.length) {
      const grown = this.#grow(this.#length * 2);
      grown.set(this.#array);
      this.#array = grown;
    }
    this.#array[this.#length++] = value;
  }

  /** All numbers as 32 bits each, as files have them; owned by the caller. */
  toU32Bytes(): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(4 * this.#length));
    for (let index = 0; index < this.#length; index++) view.setUint32(4 * index, this.#array[index]!);
    return new Uint8Array(view.buffer);
  }

  /** Replaces the number at `index`, which must be there. */
  set(index: number, value: number): void {
    this.#array[index] = value;
  }
}

/** A column of integers from 0 to 2^32 - 1. */
export function u32Column(): Column<Uint32Array> {
  return new Column((length) => new Uint32Array(length));
}

/** A column of integers up to 2^53. */
export function f64Column(): Column<Float64Array> {
  return new Column((length) => new Float64Array(length));
}
