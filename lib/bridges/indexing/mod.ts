/**
 * Indexes of media files (layer 5): storage and readers joined. Scans files once, keeps what was found, in the
 * background at a part of one core or at once.
 *
 * ```ts
 * import { scanFile } from "#bridges/indexing";
 * import { IndexStore, MediaRoot } from "#storage";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/a.flv`, "no FLV");
 * const root = await MediaRoot.open({ name: "films", folder });
 * await using store = new IndexStore();
 * for (const file of (await root.list({ extensions: ["flv"] })).files) {
 *   const { index, fault } = await scanFile({ root, file, store });
 *   console.log(file.name, index?.timesUs.length, fault); // a.flv undefined Cannot read FLV header ...
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */
export { Indexer, MAX_WAITING_SCANS, SCAN_SHARE, URGENT_SCAN_SHARE } from "./indexer.ts";
export type { IndexerOptions } from "./indexer.ts";
export { PacedSource } from "./paced_source.ts";
export type { PacedSourceOptions } from "./paced_source.ts";
export { isMediaFault, scanFile } from "./scan_file.ts";
export type { OpenDemuxer, ScanFileOptions, ScanOutcome, ScanRequest } from "./scan_file.ts";
