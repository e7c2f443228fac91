import { MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import { FlvDemuxer, type FlvDemuxerOptions, FlvTagReader, flvTagToPacket } from "#mediaformats/flv";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertSame, FuzzFailure, isBadInput, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** FLV files and live FLV: the same tags come out however the input is split; then each body is read. */
export function flvTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "flv",
    seeds: [...recorded, FLV_SEED],
    run(bytes, random) {
      const whole = readTags([bytes]);
      assertSame("tags", whole, readTags(splitAtRandom(bytes, random)));
    },
  };
}

/** FLV files: the same packets in blocks of any size; a seek lands where it says, with and without an index. */
export function flvFileTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "flv_file",
    seeds: [...recorded, FLV_SEED],
    async run(bytes, random) {
      assertSame(
        "packets",
        await readPackets(bytes),
        await readPackets(bytes, { blockBytes: 64 + random.below(4096) }),
      );
      const demuxer = await FlvDemuxer.open(new MemorySource(bytes));
      await checkSeeks(demuxer);
      demuxer.useIndex(await demuxer.scan());
      await checkSeeks(demuxer);
    },
  };
}

async function checkSeeks(demuxer: FlvDemuxer): Promise<void> {
  const { startUs, durationUs = 1_000_000 } = demuxer.summary;
  for (const share of [-1, 0, 0.5, 1.1]) {
    const { timeUs } = await demuxer.seek(startUs + Math.round(durationUs * share));
    // tracks that start late are known by now
    const { tracks } = demuxer.summary;
    const leading = tracks.find(({ kind }) => kind === "video") ?? tracks[0];
    const batch = await demuxer.read();
    // a track that changes its codec is another one from there on, and is sought as one
    const first = batch.find(({ role, kind, trackId }) =>
      role === "media" && kind === leading?.kind && trackId === leading.trackId
    );
    // where there is no key frame at all, the place is the start
    if (first === undefined || !first.isKeyFrame || first.ptsUs === timeUs) continue;
    throw new FuzzFailure(`seek to ${share} landed at ${timeUs}, the first packet has ${first.ptsUs}`);
  }
}

async function readPackets(bytes: Uint8Array, options: FlvDemuxerOptions = {}): Promise<string[]> {
  const demuxer = await FlvDemuxer.open(new MemorySource(bytes), options);
  const lines: string[] = [];
  try {
    for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
      lines.push(...batch.map(lineOf));
    }
  } catch (error) {
    if (!isBadInput(error)) throw error;
    lines.push((error as Error).name);
  }
  return lines;
}

function lineOf(packet: MediaPacket): string {
  const { trackIndex, role, dtsTicks, ptsTicks, isKeyFrame, payload } = packet;
  return `${trackIndex} ${role} ${dtsTicks} ${ptsTicks} ${isKeyFrame} ${seedOf(payload)}`;
}

function readTags(parts: readonly Uint8Array[]): string[] {
  const tags: string[] = [];
  const reader = new FlvTagReader();
  const outcome = outcomeOf(() => {
    for (const part of parts) {
      for (const tag of reader.push(part)) {
        tags.push(`${tag.tagType} ${tag.timestampMs} ${tag.body.length} ${seedOf(tag.body)}`);
        tags.push(outcomeOf(() => flvTagToPacket(tag)));
      }
    }
  });
  // a fault behind the last tag waits for the next push
  const last = outcome === "accepted" ? outcomeOf(() => reader.push(new Uint8Array(0))) : outcome;
  return [...tags, last];
}

const FLV_SEED = new Uint8Array([
  ...[0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0],
  ...[8, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xaf, 1, 0, 0, 0, 13],
  ...[9, 0, 0, 5, 0, 0, 40, 0, 0, 0, 0, 0x17, 1, 0, 0, 0, 0, 0, 0, 16],
]);
