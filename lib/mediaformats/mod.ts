/**
 * Files of any container (layer 4): tells which it is and opens its reader.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { openMedia } from "#mediaformats";
 * import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
 *
 * const file = new MemorySource(encodeFlvHeader({ hasAudio: true, hasVideo: false }));
 * const body = new Uint8Array([0x22, 0xff, 0xf3, 0x40, 0xc0]);
 * file.append(encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 40, body }));
 *
 * const demuxer = await openMedia(file);
 * console.log(demuxer.summary.formatName, (await demuxer.read()).length); // flv 1
 * demuxer.close();
 * ```
 *
 * @module
 */
export {
  FORMAT_PROBE_BYTES,
  formatOf,
  formatOfName,
  MEDIA_EXTENSIONS,
  MEDIA_FORMATS,
} from "./media_format.ts";
export type { MediaFormat, MediaFormatRow } from "./media_format.ts";
export { openMedia } from "./open_media.ts";
export type { OpenMediaOptions } from "./open_media.ts";
