/**
 * FLAC (layer 3): the streaminfo block.
 *
 * ```ts
 * import { describeFlac } from "#codecs/flac";
 *
 * const header = "664c6143000000221200120000046d0005080ac442f0000033ae36567c6137e8d578c431ed191fd85ff5";
 * const track = describeFlac(Uint8Array.fromHex(header));
 * console.log(track.sampleRate, track.channels); // 44100 2
 * ```
 *
 * @module
 */
export { decodeFlacStreaminfo, describeFlac } from "./streaminfo.ts";
export type { FlacStreaminfo } from "./streaminfo.ts";
