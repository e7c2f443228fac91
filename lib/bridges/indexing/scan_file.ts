import type { ByteSource } from "#bytes";
import { errorMessage, FormatError, LimitError } from "#errors";
import type { Demuxer, SeekIndex } from "#media";
import { openMedia, type OpenMediaOptions } from "#mediaformats";
import { factsOf, type IndexStore, type MediaFile, type MediaRoot } from "#storage";

/** Opens a reader on a source; `openMedia` of `#mediaformats`, but in tests. */
export type OpenDemuxer = (source: ByteSource, options: OpenMediaOptions) => Promise<Demuxer>;

/** A file to scan, and where the result is kept. */
export interface ScanRequest {
  readonly root: MediaRoot;
  readonly file: MediaFile;
  readonly store: IndexStore;
}

/** How a file is scanned. */
export interface ScanFileOptions {
  /** Opens readers. @default {openMedia} */
  readonly openDemuxer?: OpenDemuxer;
  /** Puts something between file and reader: a pace. */
  readonly wrap?: (source: ByteSource) => ByteSource;
  /** Called now and then with the part that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the scan with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What came of a scan. */
export interface ScanOutcome {
  /** Absent where the file has tables of its own, or cannot be scanned. */
  readonly index?: SeekIndex;
  /** Why it cannot be read or scanned; remembered, so that it is not tried again. */
  readonly fault?: string;
}

/**
 * Scans a file once, and keeps what it finds: an index where the format needs one, facts, or what is wrong with it.
 *
 * @throws {Error} What the signal says, or what the system refuses; then nothing is kept.
 */
export async function scanFile(request: ScanRequest, options: ScanFileOptions = {}): Promise<ScanOutcome> {
  const { root, file, store } = request;
  const source = await root.openFile(file);
  let demuxer: Demuxer;
  try {
    demuxer = await (options.openDemuxer ?? openMedia)(options.wrap?.(source) ?? source, { name: file.name });
  } catch (error) {
    source.close();
    return await rejected(error, (fault) => store.rejectFile(file, fault));
  }
  try {
    return await scanOpen(demuxer, { ...request, ...options });
  } catch (error) {
    return await rejected(error, (fault) => store.rejectIndex(file, fault));
  } finally {
    demuxer.close();
  }
}

async function scanOpen(
  demuxer: Demuxer,
  { root, file, store, signal, onProgress }: ScanRequest & ScanFileOptions,
): Promise<ScanOutcome> {
  signal?.throwIfAborted();
  const index = await demuxer.scan?.({
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (index !== undefined) demuxer.useIndex?.(index);
  const outcome = index === undefined ? {} : { index };
  const now = await root.find(file.name);
  // A file that changed meanwhile has another index; this one still serves those who have it open.
  if (now?.sizeBytes !== file.sizeBytes || now.mtimeMs !== file.mtimeMs) return outcome;
  if (index !== undefined) await store.writeIndex(file, index);
  await store.writeFacts(file, factsOf(demuxer.summary));
  return outcome;
}

async function rejected(error: unknown, remember: (fault: string) => Promise<void>): Promise<ScanOutcome> {
  if (!isMediaFault(error)) throw error;
  await remember(errorMessage(error));
  return { fault: errorMessage(error) };
}

/** Whether the file is at fault, not the machine. */
export function isMediaFault(error: unknown): boolean {
  return error instanceof FormatError ||
    error instanceof LimitError && error.limitName !== "DISK_SPACE_BYTES";
}
