/**
 * VP9, and VP8 which shares its configuration record (layer 3).
 *
 * ```ts
 * import { describeVp9 } from "#codecs/vp9";
 *
 * const track = describeVp9(Uint8Array.fromHex("01000000000b820202020000"));
 * console.log(track.codecString); // vp09.00.11.08
 * ```
 *
 * @module
 */
export { decodeVpCodecConfiguration, describeVp8, describeVp9 } from "./codec_configuration.ts";
export type { VpCodecConfiguration } from "./codec_configuration.ts";
