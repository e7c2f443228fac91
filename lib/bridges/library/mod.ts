/**
 * Folders of media files (layer 5): storage and readers joined. Finds files by name, opens them with their
 * indexes, builds missing indexes in the background.
 *
 * ```ts
 * import { MediaLibrary } from "#bridges/library";
 *
 * const folder = await Deno.makeTempDir();
 * await using library = await MediaLibrary.open([{ name: "films", folder, generateMetaFiles: true }]);
 * const found = await library.find(["holiday.mp4", "holiday"]);
 * if (found !== undefined) {
 *   const { demuxer } = await library.open(found);
 *   console.log(demuxer.summary.durationUs);
 *   demuxer.close();
 * }
 * console.log((await library.list()).length); // 0
 * await Deno.remove(folder);
 * ```
 *
 * @module
 */
export { Indexer, MAX_WAITING_SCANS, SCAN_SHARE, URGENT_SCAN_SHARE } from "./indexer.ts";
export type { IndexerOptions } from "./indexer.ts";
export { COMPLETE_AFTER_MS, LibraryFile } from "./library_file.ts";
export type { LibraryFileOptions } from "./library_file.ts";
export { MAX_SEEK_WAIT_MS, MediaLibrary } from "./media_library.ts";
export type {
  LibraryEntry,
  LibraryFolder,
  LibraryFolderOptions,
  MediaLibraryOptions,
} from "./media_library.ts";
export { scanFile } from "./scan_file.ts";
export type { OpenDemuxer, ScanFileOptions, ScanOutcome, ScanRequest } from "./scan_file.ts";
