/**
 * Playlists of HTTP Live Streaming (layer 3): master and media playlists of RFC 8216, and the choice among variants.
 *
 * ```ts
 * import { parsePlaylist } from "#protocols/hls";
 *
 * const playlist = parsePlaylist("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n", "http://host/live/x.m3u8");
 * console.log(playlist.kind === "media" && playlist.segments[0]?.uri); // http://host/live/a.ts
 * ```
 *
 * @module
 */
export { MAX_PLAYLIST_BYTES, MAX_PLAYLIST_SEGMENTS, MAX_PLAYLIST_VARIANTS, MAX_SEGMENT_S } from "./limits.ts";
export { parsePlaylist } from "./parse_playlist.ts";
export { resolveUrl } from "./resolve_url.ts";
export type {
  ByteRange,
  MasterPlaylist,
  MediaPlaylist,
  Rendition,
  Segment,
  SegmentKey,
  SegmentMap,
  Variant,
} from "./playlist.ts";
export { VariantChoice } from "./variant_choice.ts";
