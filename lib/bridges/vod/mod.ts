/**
 * The seam between media files and players (layer 5): names from the network become files of a library, and files
 * become the bytes of RTMP players, with seek, pause and pace.
 *
 * ```ts
 * import { fileNamesOf } from "#bridges/vod";
 *
 * console.log(fileNamesOf("mp4:films/a.mp4")[0], fileNamesOf("mkv:films/a")[0]); // films/a.mp4 films/a.mkv
 * ```
 *
 * @module
 */
export { FileFeed } from "./play/file_feed.ts";
export type { FeedStart, FileFeedOptions } from "./play/file_feed.ts";
export {
  FilePlayer,
  FileStream,
  MAX_CLIENT_BUFFER_MS,
  MAX_PLAYLIST_FILES,
  originOf,
} from "./play/file_player.ts";
export { MediaCursor } from "./play/media_cursor.ts";
export { GROWTH_QUIET_MS, INDEX_WAIT_MS, MediaLibrary, PLAY_BLOCK_BYTES } from "./library/media_library.ts";
export type {
  LibraryEntry,
  LibraryFile,
  MediaLibraryOptions,
  MediaStorage,
} from "./library/media_library.ts";
export { fileNamesOf, hasMediaExtension } from "./library/media_name.ts";
export type { OpenFile, PlaySettings } from "./library/open_file.ts";
export { metadataOf } from "./play/play_messages.ts";
export { MAX_REFILL_MS, Pace } from "./play/pace.ts";
export { RecordedFiles } from "./recorded_files.ts";
export type { ApplicationFiles } from "./recorded_files.ts";
export { SLICE_BYTES, SliceBuffers, SliceWriter } from "./play/slice_writer.ts";
export { TrackChoice } from "./play/track_choice.ts";
