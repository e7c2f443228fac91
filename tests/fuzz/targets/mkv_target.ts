import { MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import { MkvDemuxer, MkvReader } from "#mediaformats/mkv";
import { AUDIO, element, file, filmClusters, text, track } from "../../../lib/mediaformats/mkv/_film_test.ts";
import { ELEMENT_ID } from "../../../lib/mediaformats/mkv/element_id.ts";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertAttachments, assertSame, FuzzFailure, isBadInput, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/**
 * Matroska: the same packets come out however a stream is split, and of the file; files are sought with what Cues
 * they have, without, and by an index.
 */
export function mkvTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "mkv",
    seeds: [...recorded, ATTACHED],
    async run(bytes, random) {
      const streamed = readStream([bytes]);
      assertSame("packets", streamed, readStream(splitAtRandom(bytes, random)));
      const demuxer = await MkvDemuxer.open(new MemorySource(bytes), { blockBytes: 1 << random.below(16) });
      await assertAttachments(demuxer, bytes);
      const { packets, isWhole } = await readAll(demuxer);
      if (isWhole && streamed.at(-1) === "accepted") {
        assertSame("stream and file", streamed.slice(0, -1), packets.map(lineOf));
      }
      await seekAround(demuxer, packets);
      const index = await demuxer.scan?.();
      if (index === undefined) return;
      demuxer.useIndex(index);
      await seekAround(demuxer, packets);
    },
  };
}

/** A cover before the clusters. */
const ATTACHED = file(
  [track(AUDIO)],
  element(
    ELEMENT_ID.Attachments,
    element(
      ELEMENT_ID.AttachedFile,
      text(ELEMENT_ID.FileName, "a.gif"),
      text(ELEMENT_ID.FileMediaType, "image/gif"),
      text(ELEMENT_ID.FileData, "GIF89a\x40\0\x30\0"),
    ),
  ),
  ...filmClusters(1),
);

function lineOf({ trackIndex, payload }: MediaPacket): string {
  return `${trackIndex} ${payload.length} ${seedOf(payload)}`;
}

function readStream(parts: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const reader = new MkvReader();
  const outcome = outcomeOf(() => {
    for (const part of parts) lines.push(...reader.push(part).map(lineOf));
    lines.push(...reader.end().map(lineOf));
    if (reader.fault !== undefined) throw reader.fault;
  });
  return [...lines, outcome];
}

async function readAll(demuxer: MkvDemuxer): Promise<{ packets: MediaPacket[]; isWhole: boolean }> {
  const packets: MediaPacket[] = [];
  let isWhole = true;
  try {
    for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
      packets.push(...batch);
    }
  } catch (error) {
    if (!isBadInput(error)) throw error;
    isWhole = false;
  }
  const wrong = packets.find(({ ptsTicks, dtsTicks }) => dtsTicks > ptsTicks);
  if (wrong !== undefined) {
    throw new FuzzFailure(`decoded at ${wrong.dtsTicks}, presented at ${wrong.ptsTicks}`);
  }
  return { packets, isWhole };
}

async function seekAround(demuxer: MkvDemuxer, packets: readonly MediaPacket[]): Promise<void> {
  const times = packets.map(({ ptsUs }) => ptsUs);
  for (const timeUs of [-1, 0, times[times.length >> 1] ?? 0, times.at(-1) ?? 0, 1e15]) {
    const landed = await demuxer.seek(timeUs);
    if (!Number.isInteger(landed.timeUs)) {
      throw new FuzzFailure(`seek to ${timeUs} landed at ${landed.timeUs}`);
    }
    await demuxer.read().catch((error) => {
      if (!isBadInput(error)) throw error;
    });
  }
}
