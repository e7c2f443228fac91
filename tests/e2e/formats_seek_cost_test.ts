/** What a seek reads: as much at the end of a file as at its start, and in a file eight times as long. */
import assert from "node:assert/strict";
import type { ByteSource } from "#bytes";
import type { SeekIndex } from "#media";
import { openMedia } from "#mediaformats";
import { FileSource } from "#storage";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { e2e } from "../helpers/tools.ts";

/** Counts what is read of a file: the cost of a seek that does not depend on the machine. */
class CountingSource implements ByteSource {
  readonly #source: ByteSource;
  /** Bytes read. */
  bytes = 0;
  /** Calls of `readAt`. */
  reads = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  async readAt(offset: number, into: Uint8Array): Promise<number> {
    const length = await this.#source.readAt(offset, into);
    this.bytes += length;
    this.reads++;
    return length;
  }

  close(): void {
    this.#source.close();
  }
}

/** Of LAME: quality does not matter here. */
const FAST = ["-compression_level", "9", "-ac", "1"];
/** How each file is made of the feature, which lasts 14 s, and whether seeks go by an index that was built before. */
const FILES: readonly { name: string; args: readonly string[]; isIndexed?: boolean }[] = [
  { name: "table.mp4", args: ["-c", "copy"] },
  { name: "fragments.mp4", args: ["-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof"] },
  { name: "sidx.mp4", args: ["-c", "copy", "-movflags", "frag_keyframe+empty_moov+global_sidx"] },
  { name: "cues.mkv", args: ["-c", "copy"] },
  { name: "tags.flv", args: ["-c", "copy"] },
  { name: "indexed.flv", args: ["-c", "copy"], isIndexed: true },
  { name: "stream.ts", args: ["-c", "copy"] },
  { name: "indexed.ts", args: ["-c", "copy"], isIndexed: true },
  { name: "constant.mp3", args: ["-vn", "-c:a", "libmp3lame", "-b:a", "192k", ...FAST] },
  { name: "variable.mp3", args: ["-vn", "-c:a", "libmp3lame", "-q:a", "2", ...FAST], isIndexed: true },
];
const SHORT_TURNS = 5;
const LONG_TURNS = 40;
const FEATURE_US = 14_000_000;
const PLACES = [0.01, 0.5, 0.99];

/** Most that a seek and the batch after it may read, wherever it goes. */
const MAX_BYTES = 2_200_000;
const MAX_READS = 24;

interface SeekCost {
  readonly bytes: number;
  readonly reads: number;
}

/** What a seek to each of PLACES costs in a file that was just opened. */
async function seekCosts(
  path: string,
  options: { isIndexed: boolean; durationUs: number },
): Promise<SeekCost[]> {
  const index = options.isIndexed ? await scan(path) : undefined;
  const costs: SeekCost[] = [];
  for (const place of PLACES) {
    const source = new CountingSource(await FileSource.open(path));
    const demuxer = await openMedia(source, { name: path });
    if (index !== undefined) demuxer.useIndex?.(index);
    const { bytes, reads } = source;
    const targetUs = demuxer.summary.startUs + Math.round(options.durationUs * place);
    const { timeUs } = await demuxer.seek(targetUs);
    const isNear = timeUs <= targetUs + 100_000 && timeUs > targetUs - 2_000_000;
    assert.ok(isNear, `${path}: a seek to ${targetUs} us led to ${timeUs}`);
    assert.ok((await demuxer.read()).length > 0);
    demuxer.close();
    costs.push({ bytes: source.bytes - bytes, reads: source.reads - reads });
  }
  return costs;
}

async function scan(path: string): Promise<SeekIndex | undefined> {
  const demuxer = await openMedia(await FileSource.open(path), { name: path });
  try {
    return await demuxer.scan?.();
  } finally {
    demuxer.close();
  }
}

for (const { name, args, isIndexed = false } of FILES) {
  e2e(`A seek in ${name} reads a bounded part, anywhere in it and however long it is`, {
    tools: ["ffmpeg"],
  }, async () => {
    await using folder = await MediaFolder.make();
    const feature = await makeClip("feature");
    for (const turns of [SHORT_TURNS, LONG_TURNS]) {
      const input = ["-stream_loop", `${turns - 1}`, "-i", feature];
      const path = await folder.encode(`${turns}_${name}`, [...input, ...args]);
      const costs = await seekCosts(path, { isIndexed, durationUs: FEATURE_US * turns });
      for (const [at, { bytes, reads }] of costs.entries()) {
        const text = `${bytes} bytes in ${reads} reads at ${PLACES[at]} of ${turns} turns`;
        assert.ok(bytes <= MAX_BYTES && reads <= MAX_READS, text);
      }
    }
  });
}
