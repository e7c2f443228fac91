import { LimitError } from "#errors";

/** Deepest nesting of objects and arrays. Real commands use 3 or 4. */
export const MAX_AMF_DEPTH = 64;
/** Most values in one message; the key-frame index of a ten-hour recording has about 80,000. */
export const MAX_AMF_VALUES = 262_144;
/** Longest string, XML text or byte array. */
export const MAX_AMF_STRING_BYTES = 1_048_576;
/** Most bytes of all strings, names, XML texts and byte arrays of one message together. */
export const MAX_AMF_TEXT_BYTES = 4_194_304;

/** Bounds on one message; each defaults to the constant of its name. */
export interface AmfLimits {
  /** @default {MAX_AMF_DEPTH} */
  readonly maxDepth?: number;
  /** @default {MAX_AMF_VALUES} */
  readonly maxValues?: number;
  /** In bytes. @default {MAX_AMF_STRING_BYTES} */
  readonly maxStringBytes?: number;
  /** In bytes. @default {MAX_AMF_TEXT_BYTES} */
  readonly maxTextBytes?: number;
}

/** Counts what one message uses and throws `LimitError` before more is allocated. */
export class AmfBudget {
  readonly #maxDepth: number;
  readonly #maxValues: number;
  readonly #maxStringBytes: number;
  readonly #maxTextBytes: number;
  #depth = 0;
  #values = 0;
  #textBytes = 0;

  /** @param limits Bounds on the whole message. */
  constructor(limits: AmfLimits = {}) {
    this.#maxDepth = limits.maxDepth ?? MAX_AMF_DEPTH;
    this.#maxValues = limits.maxValues ?? MAX_AMF_VALUES;
    this.#maxStringBytes = limits.maxStringBytes ?? MAX_AMF_STRING_BYTES;
    this.#maxTextBytes = limits.maxTextBytes ?? MAX_AMF_TEXT_BYTES;
  }

  /** Notes `count` values that start at `offset`. */
  countValues(count: number, offset: number): void {
    this.#values += count;
    if (this.#values > this.#maxValues) {
      refuse("MAX_AMF_VALUES", { value: this.#values, limit: this.#maxValues, offset });
    }
  }

  /** Notes `length` bytes of text at `offset`. */
  countText(length: number, offset: number): void {
    if (length > this.#maxStringBytes) {
      refuse("MAX_AMF_STRING_BYTES", { value: length, limit: this.#maxStringBytes, offset });
    }
    this.#textBytes += length;
    if (this.#textBytes > this.#maxTextBytes) {
      refuse("MAX_AMF_TEXT_BYTES", { value: this.#textBytes, limit: this.#maxTextBytes, offset });
    }
  }

  /** Goes one level down, into the value that starts at `offset`. */
  enter(offset: number): void {
    if (++this.#depth > this.#maxDepth) {
      refuse("MAX_AMF_DEPTH", { value: this.#depth, limit: this.#maxDepth, offset });
    }
  }

  /** Comes one level up. */
  leave(): void {
    this.#depth--;
  }
}

function refuse(limitName: string, at: { value: number; limit: number; offset: number }): never {
  const { value, limit, offset } = at;
  const message = `Cannot accept AMF value at offset ${offset}: ${value} exceeds ${limitName} (${limit})`;
  throw new LimitError(limitName, { value, limit, message });
}
