/**
 * Still pictures (layer 3), as files have them for covers: what they are and how large, by their first bytes.
 *
 * ```ts
 * import { describePicture } from "#codecs/picture";
 *
 * const gif = new TextEncoder().encode("GIF89a\x40\0\x30\0");
 * console.log(describePicture(gif)); // { codecName: "gif", width: 64, height: 48 }
 * ```
 *
 * @module
 */
export { describePicture } from "./picture.ts";
export type { PictureDescription } from "./picture.ts";
