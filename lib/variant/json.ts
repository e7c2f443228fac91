import { FormatError } from "#errors";
import { checkDocument, VariantBudget } from "./budget.ts";
import { timeText } from "./time_text.ts";
import { arrayItems, type PlainValue, type Variant, variantOf } from "./value.ts";

/**
 * Decodes JSON: whole numbers take the smallest signed type they fit, others are doubles.
 *
 * @throws {FormatError} If it is no JSON.
 * @throws {LimitError} If it meets a limit.
 */
export function decodeVariantJson(text: string): Variant {
  checkDocument(text.length);
  let plain: PlainValue;
  try {
    plain = JSON.parse(text);
  } catch (cause) {
    throw new FormatError("Cannot read Variant: it is no JSON", { cause });
  }
  return variantOf(plain);
}

/**
 * Encodes as JSON. Byte arrays are base64, dates and times texts, a typed map loses its type's name; numbers that
 * JSON does not have are null.
 *
 * @throws {LimitError} If it meets a limit.
 */
export function encodeVariantJson(variant: Variant): string {
  return jsonOf(variant, { budget: new VariantBudget(), depth: 0 });
}

function jsonOf(variant: Variant, { budget, depth }: { budget: VariantBudget; depth: number }): string {
  budget.countValue(depth);
  const inner = { budget, depth: depth + 1 };
  switch (variant.type) {
    case "null":
    case "undefined":
      return "null";
    case "int64":
    case "uint64":
      return String(variant.value);
    case "timestamp":
    case "date":
    case "time":
      return JSON.stringify(timeText(variant));
    case "byteArray":
      budget.countText(variant.value.length);
      return JSON.stringify(variant.value.toBase64());
    case "map":
    case "typedMap": {
      if (variant.isArray) return `[${arrayItems(variant).map((item) => jsonOf(item, inner)).join(",")}]`;
      const members = [...variant.entries].map(([name, value]) => {
        budget.countText(name.length);
        return `${JSON.stringify(name)}:${jsonOf(value, inner)}`;
      });
      return `{${members.join(",")}}`;
    }
    case "string":
      budget.countText(variant.value.length);
      return JSON.stringify(variant.value);
    default:
      return JSON.stringify(variant.value);
  }
}
