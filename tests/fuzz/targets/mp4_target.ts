import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import {
  Mp4Demuxer,
  type Mp4DemuxerOptions,
  Mp4FragmentMuxer,
  Mp4FragmentReader,
  readMp4ResumePoint,
} from "#mediaformats/mp4";
import {
  audioEntry,
  box,
  buildFile,
  buildFragmentedFilm,
  editBox,
  filmTracks,
  fullBox,
  u32,
  zeros,
} from "../../../lib/mediaformats/mp4/rig_test.ts";
import { seedOf, splitAtRandom } from "../mutate.ts";
import {
  assertAttachments,
  assertResumes,
  assertSame,
  FuzzFailure,
  isBadInput,
  outcomeOf,
} from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/** Samples of a few bytes may lie on each other: a file of 256 KiB then gives millions. */
const MOST_PACKETS = 50_000;

/**
 * MP4: fragments read the same however the input is split; files read the same in blocks of any size, and a seek
 * lands where it says.
 */
export function mp4Target(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "mp4",
    seeds: [...recorded, ...SEEDS],
    async run(bytes, random) {
      assertSame("fragments", readFragments([bytes]), readFragments(splitAtRandom(bytes, random)));
      const demuxer = await Mp4Demuxer.open(new MemorySource(bytes));
      assertSame(
        "packets",
        await readAll(bytes),
        await readAll(bytes, { blockBytes: 64 + random.below(4096) }),
      );
      await assertAttachments(demuxer, bytes);
      await assertResumes(() => readMp4ResumePoint(new MemorySource(bytes), demuxer.summary.tracks), bytes);
      await demuxer.scan?.();
      const { startUs, durationUs = 1_000_000, tracks } = demuxer.summary;
      const leading = tracks.find(({ kind }) => kind === "video") ??
        tracks.find(({ kind }) => kind === "audio");
      for (const share of [-1, 0, 0.5, 1.1]) {
        const { timeUs } = await demuxer.seek(startUs + durationUs * share);
        const batch = await demuxer.read();
        const first = batch.find(({ trackIndex }) => trackIndex === leading?.index);
        if (first === undefined || first.ptsUs === timeUs) continue;
        throw new FuzzFailure(`seek to ${share} landed at ${timeUs}, the first packet has ${first.ptsUs}`);
      }
    },
  };
}

function readFragments(parts: readonly Uint8Array[]): string[] {
  const packets: string[] = [];
  const reader = new Mp4FragmentReader();
  const outcome = outcomeOf(() => {
    for (const part of parts) {
      for (const packet of reader.push(part)) packets.push(lineOf(packet));
    }
    if (reader.fault !== undefined) throw reader.fault;
  });
  return [...packets, outcome];
}

async function readAll(bytes: Uint8Array, options: Mp4DemuxerOptions = {}): Promise<string[]> {
  const packets: string[] = [];
  const demuxer = await Mp4Demuxer.open(new MemorySource(bytes), options);
  try {
    for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
      packets.push(...batch.map(lineOf));
      if (packets.length > MOST_PACKETS) return packets.slice(0, MOST_PACKETS);
    }
  } catch (error) {
    if (!isBadInput(error)) throw error;
    packets.push((error as Error).name);
  }
  return packets;
}

function lineOf({ trackIndex, dtsTicks, ptsTicks, payload }: MediaPacket): string {
  return `${trackIndex} ${dtsTicks} ${ptsTicks} ${seedOf(payload)}`;
}

/** A file that the muxer of fragments goes on with. */
function ownFile(): Uint8Array {
  const codecConfig = new Uint8Array([0x11, 0x90]);
  const muxer = new Mp4FragmentMuxer([{ kind: "audio", trackId: 0, codec: "mp4a", codecConfig }]);
  const pieces = Array.from({ length: 60 }, (_, at) => {
    const timeUs = at * 21_333;
    const packet = { kind: "audio", trackId: 0, codec: "mp4a", role: "media", isKeyFrame: true } as const;
    return muxer.write({ ...packet, dtsUs: timeUs, ptsUs: timeUs, payload: Uint8Array.of(at, 7) });
  });
  return concatBytes([...pieces, muxer.end().append]);
}

const SEEDS: readonly Uint8Array[] = [
  buildFile(filmTracks()),
  buildFile(filmTracks(), { isMovieLast: true, chunkSamples: 5, hasLargeOffsets: true }),
  buildFile([
    { ...filmTracks()[0]!, extra: editBox([200, -1], [400, 200], [300, 0]) },
    { ...filmTracks()[1]!, extra: editBox([900, 512]), entry: audioEntry("mp4a") },
  ]),
  buildFile(filmTracks(), {
    extra: box(
      "udta",
      box(
        "meta",
        fullBox("hdlr", 0, 0, zeros(20)),
        box("ilst", box("covr", box("data", u32(13, 0), zeros(4)))),
      ),
    ),
  }),
  ownFile(),
  buildFragmentedFilm().bytes,
  buildFragmentedFilm({ hasTimes: false, runs: 2, layout: { base: "implicit" } }).bytes,
];
