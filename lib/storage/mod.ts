/**
 * Files (layer 3): sources for demuxers, the wall around media folders, files for recorders, and a store for what
 * was found out about media files.
 *
 * ```ts
 * import { IndexStore, MediaRoot } from "#storage";
 *
 * const root = await MediaRoot.open({ name: "films", folder: await Deno.makeTempDir() });
 * const recording = await root.create("live/cam.flv", "number");
 * await recording.append(new TextEncoder().encode("FLV"));
 * await recording.close();
 *
 * const file = await root.find("live/cam.flv");
 * console.log(file?.sizeBytes, await root.find("live/other.flv")); // 3 undefined
 * await root.find("../secret").catch((error) => console.log(error.message)); // ... part 1 of it starts with a dot
 *
 * await using store = new IndexStore();
 * if (file !== undefined) console.log(await store.readIndex(file)); // undefined: to be built
 * await Deno.remove(root.folder, { recursive: true });
 * ```
 *
 * @module
 */
export { AppendFile } from "./append_file.ts";
export type { AppendFileOptions } from "./append_file.ts";
export {
  extensionOf,
  fileNameFault,
  MAX_FILE_NAME_CHARS,
  MAX_FILE_NAME_SEGMENTS,
  MAX_FILE_SEGMENT_BYTES,
  numberedName,
} from "./file_names.ts";
export { FileSource } from "./file_source.ts";
export type { FileIdentity, MediaFile } from "./file_source.ts";
export { FileStats, STATS_PERIOD_MS } from "./file_stats.ts";
export type { FileStatsOptions, FileUse, StorageLog } from "./file_stats.ts";
export { findInRoots } from "./find_in_roots.ts";
export type { FoundFile } from "./find_in_roots.ts";
export {
  BAD_FILE_QUIET_MS,
  IndexStore,
  MAX_CACHED_INDEX_BYTES,
  MAX_META_FILE_BYTES,
  MAX_SEEK_FILE_BYTES,
} from "./index_store.ts";
export type { IndexStoreOptions } from "./index_store.ts";
export { MAX_LISTED_FILES, MAX_VISITED_ENTRIES } from "./list_files.ts";
export type { FileListing, ListFilesOptions } from "./list_files.ts";
export { factsOf } from "./media_facts.ts";
export type { MediaFacts, TrackFacts } from "./media_facts.ts";
export { MAX_NUMBERED_NAMES, MediaRoot } from "./media_root.ts";
export type { MediaRootOptions, OnExisting } from "./media_root.ts";
export { RecordStore } from "./records/record_store.ts";
export type { StoredRecord } from "./records/record_store.ts";
