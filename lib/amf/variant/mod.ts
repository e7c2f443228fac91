/**
 * AMF values as Variant, the original's tree, and back (layer 2).
 *
 * ```ts
 * import { amfOf, variantOfAmf } from "#amf/variant";
 *
 * const variant = variantOfAmf({ app: "live", videoCodecs: 252 });
 * console.log(amfOf(variant)); // { app: "live", videoCodecs: 252 }
 * ```
 *
 * @module
 */
export { amfOf, variantOfAmf } from "./variant_of_amf.ts";
