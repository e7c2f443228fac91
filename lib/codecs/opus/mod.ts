/**
 * Opus (layer 3): the identification header.
 *
 * ```ts
 * import { describeOpus } from "#codecs/opus";
 *
 * const track = describeOpus(Uint8Array.fromHex("4f707573486561640102380180bb0000000000"));
 * console.log(track.codecString, track.sampleRate, track.channels); // opus 48000 2
 * ```
 *
 * @module
 */
export { decodeOpusIdHeader, describeOpus } from "./id_header.ts";
export type { OpusIdHeader } from "./id_header.ts";
export { opusPacketSamples } from "./packet_samples.ts";
