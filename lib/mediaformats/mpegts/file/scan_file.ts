import type { ByteSource } from "#bytes";
import type { ScanOptions, SeekIndex } from "#media";
import { TS_TIMESCALE } from "../limits.ts";
import { TsReader, type TsReaderOptions } from "../reading/ts_reader.ts";
import { BlockFeed } from "./block_feed.ts";
import { TimeSpan } from "./file_times.ts";

const BLOCK_BYTES = 524_288;
/** Audio can start anywhere: one row in this time is enough. */
const AUDIO_ROW_TICKS = TS_TIMESCALE / 2;

/**
 * Reads a whole file once and builds its index.
 *
 * Rows are key frames of the stream with index `leading` whose times rise: of a file whose times jump back, the
 * part after the jump is left out until they are new again.
 */
export async function scanFile(
  source: ByteSource,
  options: ScanOptions & { leading: number; reader: TsReaderOptions; startTicks: number },
): Promise<SeekIndex> {
  const { leading, signal, onProgress } = options;
  const reader = new TsReader(options.reader);
  const span = new TimeSpan();
  const timesUs: number[] = [];
  const offsets: number[] = [];
  const packetCounts: number[] = [];
  const feed = new BlockFeed(source, { blockBytes: BLOCK_BYTES });
  let last = -Infinity;
  for (let isEnd = false; !isEnd;) {
    signal?.throwIfAborted();
    const bytes = await feed.next();
    isEnd = bytes.length === 0;
    for (const unit of isEnd ? reader.flush() : reader.push(bytes)) {
      const { index, kind } = unit.stream;
      span.take(unit);
      packetCounts[index] = (packetCounts[index] ?? 0) + 1;
      const due = kind === "audio" ? last + AUDIO_ROW_TICKS : last + 1;
      if (index !== leading || !unit.isKeyFrame || !unit.hasOwnTime || unit.ptsTicks < due) continue;
      last = unit.ptsTicks;
      timesUs.push(Math.round(unit.ptsTicks * 100 / 9));
      offsets.push(unit.offset);
    }
    onProgress?.(source.sizeBytes === 0 ? 1 : Math.min(1, feed.offset / source.sizeBytes));
  }
  const startTicks = Math.min(options.startTicks, span.startTicks ?? options.startTicks);
  return {
    timesUs: Float64Array.from(timesUs),
    offsets: Float64Array.from(offsets),
    durationUs: Math.round(((span.endTicks ?? startTicks) - startTicks) * 100 / 9),
    scannedBytes: feed.offset,
    packetCounts: Array.from(reader.streams, ({ index }) => packetCounts[index] ?? 0),
  };
}
