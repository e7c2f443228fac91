/**
 * Variant, the original's tree of values (layer 2): its types, and its binary, XML and JSON forms.
 *
 * ```ts
 * import { decodeVariantBinary, encodeVariantBinary, plainOf, variantOf } from "#variant";
 *
 * const variant = variantOf({ name: "live", ports: [1935, 8080] });
 * console.log(plainOf(decodeVariantBinary(encodeVariantBinary(variant)))); // { name: "live", ports: [1935, 8080] }
 * ```
 *
 * Whatever is decoded or encoded meets the limits of depth, values and text; XML has no document types and no
 * entities but the five of XML itself, and its parser is loaded when it is first used.
 *
 * @module
 */
export { decodeVariantBinary, encodeVariantBinary } from "./binary.ts";
export { MAX_VARIANT_DEPTH, MAX_VARIANT_TEXT_BYTES, MAX_VARIANT_VALUES } from "./budget.ts";
export { decodeVariantJson, encodeVariantJson } from "./json.ts";
export { arrayItems, plainOf, VARIANT_TYPE, variantArray, variantMap, variantOf } from "./value.ts";
export type { PlainValue, Variant, VariantMap, VariantType } from "./value.ts";
export { decodeVariantXml, encodeVariantXml } from "./xml.ts";
