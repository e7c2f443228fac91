/**
 * The seam between streams and live FLV (layer 5): tags as they arrive over TCP or HTTP.
 *
 * ```ts
 * import { FlvToStream } from "#bridges/live_flv";
 * import { encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
 *
 * const body = new Uint8Array([0x2f, 0xff, 0xfb, 0x90, 0]);
 * const feed = new FlvToStream();
 * const [packet] = feed.push(encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 40, body }));
 * console.log(packet?.codec, packet?.dtsUs); // .mp3 40000
 * ```
 *
 * @module
 */
export { FlvToStream } from "./flv_to_stream.ts";
