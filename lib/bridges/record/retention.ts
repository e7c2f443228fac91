import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { RecordingSink } from "./recording_sink.ts";

/** How long recordings are kept. */
export interface RetentionOptions {
  /** Age, in ms, at which a recording is deleted; 0 for never. */
  readonly maxAgeMs: number;
  /** Most bytes of all recordings together: the oldest are deleted; 0 for no bound. */
  readonly maxTotalBytes: number;
  /** Endings of the files it is about. */
  readonly extensions: readonly string[];
  /** Told of what was deleted. */
  readonly log: Logger;
}

/** What storage keeps of a file beside it. */
const SIDE_FILES = ["seek", "meta", "stats"] as const;

/**
 * Deletes recordings that are too old, then the oldest of those that are too many.
 *
 * @param sink The folder; files of other kinds in it are left alone.
 * @param state `nowMs` since 1970; names that are being written, which count and are kept.
 * @returns Names that were deleted.
 */
export async function sweepRecordings(
  sink: RecordingSink,
  state: RetentionOptions & { readonly nowMs: number; readonly inUse: ReadonlySet<string> },
): Promise<readonly string[]> {
  const { maxAgeMs, maxTotalBytes, extensions, nowMs, inUse, log } = state;
  if (maxAgeMs === 0 && maxTotalBytes === 0) return [];
  const { files } = await sink.list({ extensions });
  let totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const deleted: string[] = [];
  for (const { name, sizeBytes, mtimeMs } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
    const isOld = maxAgeMs > 0 && nowMs - mtimeMs > maxAgeMs;
    const isTooMuch = maxTotalBytes > 0 && totalBytes > maxTotalBytes;
    if (inUse.has(name) || !isOld && !isTooMuch) continue;
    try {
      if (await sink.remove(name)) deleted.push(name);
      for (const kind of SIDE_FILES) await sink.remove(`${name}.${kind}`);
      totalBytes -= sizeBytes;
    } catch (error) {
      log.warning(`cannot delete the old recording ${name}: ${errorMessage(error)}`);
    }
  }
  if (deleted.length > 0) log.info(`deleted ${deleted.length} old recordings, ${deleted[0]} the oldest`);
  return deleted;
}
