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

/** What no tag of XML has more of: values have a name and two attributes at most. */
export const MAX_XML_ATTRIBUTES = 16;

/** Where what is no element ends, by how it begins. */
const SKIPPED: readonly (readonly [start: string, end: string])[] = [["<!--", "-->"], ["<![CDATA[", "]]>"], [
  "<?",
  "?>",
]];
const [LESS, GREATER, QUOTE, APOSTROPHE, SLASH] = [0x3c, 0x3e, 0x22, 0x27, 0x2f];

/**
 * Refuses XML with more elements and attributes than the most values have, before it is parsed: the parser takes 2 to
 * 5 us for each, whatever it is.
 */
export function checkXmlTags(text: string): void {
  const most = {
    tags: 2 * MAX_VARIANT_VALUES + 1024,
    elements: MAX_VARIANT_VALUES + 1024,
    attributes: 3 * MAX_VARIANT_VALUES,
  };
  let [tags, elements, attributes] = [0, 0, 0];
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    if (++tags > most.tags) refuse("2 * MAX_VARIANT_VALUES", { value: tags, limit: most.tags });
    const skipped = SKIPPED.find(([start]) => text.startsWith(start, at));
    if (skipped !== undefined) {
      at = text.indexOf(skipped[1], at);
      if (at < 0) return;
      continue;
    }
    const tag = readTag(text, at + 1);
    if (text.charCodeAt(at + 1) !== SLASH) elements++;
    attributes += tag.attributes;
    at = tag.end;
    if (tag.attributes > MAX_XML_ATTRIBUTES) {
      refuse("MAX_XML_ATTRIBUTES", { value: tag.attributes, limit: MAX_XML_ATTRIBUTES });
    }
    if (elements > most.elements) refuse("MAX_VARIANT_VALUES", { value: elements, limit: most.elements });
    if (attributes > most.attributes) {
      refuse("3 * MAX_VARIANT_VALUES", { value: attributes, limit: most.attributes });
    }
  }
}

/** Where a tag ends, and how many texts in quotes it has. */
function readTag(text: string, start: number): { end: number; attributes: number } {
  let attributes = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === GREATER || code === LESS) return { end: at, attributes };
    if (code !== QUOTE && code !== APOSTROPHE) continue;
    attributes++;
    const end = text.indexOf(code === QUOTE ? '"' : "'", at + 1);
    if (end < 0) return { end: text.length, attributes };
    at = end;
  }
  return { end: text.length, attributes };
}
