import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket, MediaTrack } from "#media";
import { readTsResumePoint, TsDemuxer, TsMuxer, TsReader } from "#mediaformats/mpegts";
import { seedOf, splitAtRandom } from "../mutate.ts";
import { assertResumes, assertSame, FuzzFailure, outcomeOf } from "../target.ts";
import type { FuzzTarget } from "../target.ts";

/**
 * MPEG-TS: the same units come out however the input is split; files are read, sought and scanned; what was read
 * is written again, and read back with the same payloads.
 */
export function mpegtsTarget(recorded: readonly Uint8Array[]): FuzzTarget {
  return {
    name: "mpegts",
    seeds: [...recorded, AUDIO_SEED],
    async run(bytes, random) {
      assertSame("units", readUnits([bytes]), readUnits(splitAtRandom(bytes, random)));
      const demuxer = await TsDemuxer.open(new MemorySource(bytes));
      await assertResumes(() => readTsResumePoint(new MemorySource(bytes)), bytes);
      const packets = await readAll(demuxer);
      const index = await demuxer.scan();
      const startUs = demuxer.summary.startUs;
      for (const share of [-1, 0, 0.5, 1.1]) await demuxer.seek(startUs + index.durationUs * share);
      demuxer.useIndex(index);
      for (const timeUs of index.timesUs.subarray(0, 5)) {
        const landed = await demuxer.seek(timeUs);
        if (landed.timeUs !== timeUs) throw new FuzzFailure(`seek to ${timeUs} landed at ${landed.timeUs}`);
      }
      await assertRewrites(demuxer.summary.tracks, packets);
    },
  };
}

function readUnits(parts: readonly Uint8Array[]): string[] {
  const units: string[] = [];
  const reader = new TsReader();
  const outcome = outcomeOf(() => {
    const found = [...parts.flatMap((part) => reader.push(part)), ...reader.flush()];
    for (const { stream, ptsTicks, dtsTicks, payload, offset } of found) {
      units.push(`${stream.index} ${ptsTicks} ${dtsTicks} ${offset} ${seedOf(payload)}`);
    }
  });
  return [...units, outcome];
}

async function readAll(demuxer: TsDemuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return packets;
}

/** Writes packets of MP3, whose frames are what they are, and reads them back. */
async function assertRewrites(tracks: readonly MediaTrack[], packets: readonly MediaPacket[]): Promise<void> {
  const track = tracks.find(({ codec, description }) => codec === ".mp3" && description !== undefined);
  const outgoing = tracks.filter(({ codec }) => WRITABLE.has(codec));
  if (outgoing.length === 0) return;
  const muxer = new TsMuxer(outgoing);
  const parts = [muxer.begin()];
  for (const packet of packets) {
    if (outgoing.some(({ index }) => index === packet.trackIndex)) {
      outcomeOf(() => parts.push(muxer.write(packet)));
    }
  }
  const copy = await TsDemuxer.open(new MemorySource(concatBytes([...parts, muxer.end().append])));
  const again = await readAll(copy);
  if (track === undefined) return;
  const linesOf = (packets: readonly MediaPacket[], trackId: number) =>
    packets.filter((packet) => packet.kind === "audio" && packet.trackId === trackId).map(({ payload }) =>
      `${seedOf(payload)}`
    );
  assertSame("rewritten frames", linesOf(packets, track.trackId), linesOf(again, track.trackId));
}

const WRITABLE: ReadonlySet<string> = new Set([".mp3", "mp4a", "avc1", "hvc1", "ac-3", "ec-3", "Opus"]);

/** MP3 and AAC, packets of 188 bytes. */
const AUDIO_SEED = audioSeed();

function audioSeed(): Uint8Array {
  const codecConfig = new Uint8Array([0x12, 0x10]);
  const tracks = [
    { kind: "audio", trackId: 0, codec: ".mp3", language: "eng" },
    { kind: "audio", trackId: 1, codec: "mp4a", codecConfig },
  ] as const;
  const muxer = new TsMuxer(tracks, { service: { name: "fuzz" }, audioPesTicks: 9000 });
  const parts = [muxer.begin()];
  for (let frame = 0; frame < 12; frame++) {
    const payload = new Uint8Array(96).fill(frame + 1);
    payload.set([0xff, 0xfb, 0x14, 0xc4]);
    const timeUs = frame * 24_000;
    for (const { kind, trackId, codec } of tracks) {
      const times = { dtsUs: timeUs, ptsUs: timeUs, isKeyFrame: true };
      parts.push(muxer.write({ kind, trackId, codec, role: "media", ...times, payload }));
    }
  }
  return concatBytes([...parts, muxer.end().append]);
}
