import { LimitError } from "#errors";

/** Deepest nesting of maps. */
export const MAX_VARIANT_DEPTH = 64;
/** Values of one tree. */
export const MAX_VARIANT_VALUES = 100_000;
/** Bytes of all texts, names and byte arrays of one tree; four times that for a document that holds them. */
export const MAX_VARIANT_TEXT_BYTES = 4 * 1024 * 1024;

/** Counts what one tree uses and throws `LimitError` before more is taken. */
export class VariantBudget {
  #values = 0;
  #textBytes = 0;

  /** Notes a value `depth` maps deep. */
  countValue(depth: number): void {
    if (depth > MAX_VARIANT_DEPTH) refuse("MAX_VARIANT_DEPTH", { value: depth, limit: MAX_VARIANT_DEPTH });
    this.#values++;
    if (this.#values > MAX_VARIANT_VALUES) {
      refuse("MAX_VARIANT_VALUES", { value: this.#values, limit: MAX_VARIANT_VALUES });
    }
  }

  /** Notes `length` bytes, or characters, of text. */
  countText(length: number): void {
    this.#textBytes += length;
    if (this.#textBytes > MAX_VARIANT_TEXT_BYTES) {
      refuse("MAX_VARIANT_TEXT_BYTES", { value: this.#textBytes, limit: MAX_VARIANT_TEXT_BYTES });
    }
  }
}

function refuse(name: string, { value, limit }: { value: number; limit: number }): never {
  throw new LimitError(name, {
    value,
    limit,
    message: `Cannot accept Variant: ${value} exceeds ${name} (${limit})`,
  });
}

/** Refuses a document longer than one whose texts are all within their limit. */
export function checkDocument(lengthBytes: number): void {
  const limit = 4 * MAX_VARIANT_TEXT_BYTES;
  if (lengthBytes > limit) refuse("4 * MAX_VARIANT_TEXT_BYTES", { value: lengthBytes, limit });
}

/** Refuses XML with more tags than the most values have: its parser takes 2 us for each, whatever it is. */
export function checkXmlTags(text: string): void {
  const limit = 2 * MAX_VARIANT_VALUES + 1024;
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) tags++;
  if (tags > limit) refuse("2 * MAX_VARIANT_VALUES", { value: tags, limit });
}
