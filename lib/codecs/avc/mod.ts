/**
 * H.264, also called AVC (layer 3): decoder configurations and sequence parameter sets.
 *
 * ```ts
 * import { describeAvc } from "#codecs/avc";
 *
 * const configuration = Uint8Array.fromHex(
 *   "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
 * );
 * const track = describeAvc(configuration);
 * console.log(track.profile, track.level, track.width, track.height); // Main 3 640 360
 * ```
 *
 * @module
 */
export { decodeAvcDecoderConfiguration, encodeAvcDecoderConfiguration } from "./decoder_configuration.ts";
export type { AvcDecoderConfiguration } from "./decoder_configuration.ts";
export { decodeAvcSps, MAX_AVC_SPS_BYTES } from "./sps.ts";
export type { AvcSps } from "./sps.ts";
export { describeAvc } from "./describe.ts";
