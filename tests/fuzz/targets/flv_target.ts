import { MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import {
  audioTagToPacket,
  decodeScriptData,
  FlvDemuxer,
  type FlvDemuxerOptions,
  FlvTagReader,
  flvTagToPacket,
  videoTagToPacket,
} from "#mediaformats/flv";
import { encodeAmf0 } from "../../helpers/amf0.ts";
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

/** Tag bodies, which are also the payloads of RTMP audio and video messages. */
export function tagBodyTarget(): FuzzTarget {
  return {
    name: "tag_body",
    seeds: BODY_SEEDS,
    run(bytes) {
      outcomeOf(() => videoTagToPacket(bytes, 0));
      outcomeOf(() => audioTagToPacket(bytes, 0));
      outcomeOf(() => decodeScriptData(bytes));
    },
  };
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

/** Enhanced RTMP v2: video and audio bodies, with ModEx and multitrack. */
const BODY_SEEDS: readonly Uint8Array[] = [
  new Uint8Array([0x17, 1, 0, 0, 80, 0, 0, 0, 1, 0x65]),
  new Uint8Array([0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 1, 0x68]),
  new Uint8Array([0xaf, 0, 0x12, 0x10]),
  new Uint8Array([0x90, 0x68, 0x76, 0x63, 0x31, 1, 2, 3, 4]),
  new Uint8Array([0x91, 0x68, 0x76, 0x63, 0x31, 0, 0, 40, 0, 0, 0, 1, 0x26]),
  new Uint8Array([0x97, 2, 0, 0, 1, 0x01, 0x61, 0x76, 0x30, 0x31, 9, 9]),
  new Uint8Array([0x97, 0xff, 1, 0, ...new Uint8Array(257), 0x01, 0x61, 0x76, 0x30, 0x31]),
  new Uint8Array([0x96, 0x11, 0x61, 0x76, 0x63, 0x31, 1, 0, 0, 5, 0, 0, 0, 7, 7, 2, 0, 0, 3, 0, 0, 0]),
  new Uint8Array([0x96, 0x21, 0x61, 0x76, 0x30, 0x31, 1, 0, 0, 1, 7, 0x76, 0x70, 0x30, 0x39, 2, 0, 0, 1, 8]),
  new Uint8Array([0x95, 0x01, 0x4f, 0x70, 0x75, 0x73, 3, 1, 2]),
  new Uint8Array([0x94, 0x4f, 0x70, 0x75, 0x73, 1, 2, 0, 0, 0, 3]),
  encodeAmf0("onMetaData", { width: 320, videocodecid: 7, audiocodecid: "mp4a", stereo: true }),
];
