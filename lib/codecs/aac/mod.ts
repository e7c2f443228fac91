/**
 * AAC (layer 3): the AudioSpecificConfig.
 *
 * ```ts
 * import { describeAac } from "#codecs/aac";
 *
 * const track = describeAac(new Uint8Array([0x12, 0x10]));
 * console.log(track.codecString, track.sampleRate, track.channels); // mp4a.40.2 44100 2
 * ```
 *
 * @module
 */
export { decodeAudioSpecificConfig } from "./audio_specific_config.ts";
export type { AudioSpecificConfig } from "./audio_specific_config.ts";
export { describeAac } from "./describe.ts";
