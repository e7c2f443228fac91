import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket, Muxer } from "#media";
import { Mp4Demuxer, Mp4FragmentMuxer, Mp4FragmentReader, Mp4Muxer } from "./mod.ts";

/** An hour of 25 pictures a second, a key frame every two seconds, each picture presented one later. */
const PICTURES = 90_000;
const TRACK = {
  kind: "video",
  trackId: 0,
  codec: "vp09",
  timescale: 90_000,
  width: 64,
  height: 48,
} as const;

function write(muxer: Muxer, count: number, payloadBytes: number): Uint8Array {
  const parts = [muxer.begin()];
  const payload = new Uint8Array(payloadBytes);
  for (let i = 0; i < count; i++) {
    const packet: MediaPacket = {
      ...{
        kind: "video",
        trackId: 0,
        codec: "vp09",
        role: "media",
        trackIndex: 0,
        isDiscarded: false,
        payload,
      },
      ...{ dtsUs: i * 40_000, ptsUs: i * 40_000 + 40_000, dtsTicks: i * 3600, ptsTicks: i * 3600 + 3600 },
      ...{ durationTicks: 3600, isKeyFrame: i % 50 === 0 },
    };
    parts.push(muxer.write(packet));
  }
  const { append, patches } = muxer.end();
  const bytes = concatBytes([...parts, append]);
  for (const patch of patches) bytes.set(patch.bytes, patch.offset);
  return bytes;
}

const MOVIE = new MemorySource(write(new Mp4Muxer([TRACK]), PICTURES, 8));
const OPENED = await Mp4Demuxer.open(MOVIE);
const SECONDS = new MemorySource(write(new Mp4Muxer([TRACK]), 250, 10_000));
const FRAGMENTS = write(new Mp4FragmentMuxer([TRACK]), 250, 10_000);

Deno.bench("open a movie of 90,000 samples", async () => void await Mp4Demuxer.open(MOVIE));
Deno.bench("seek in it and read the first batch", async () => {
  await OPENED.seek(1_800_000_000);
  await OPENED.read();
});
Deno.bench("read 250 pictures of 10 kB from a movie", async () => {
  const demuxer = await Mp4Demuxer.open(SECONDS);
  while ((await demuxer.read()).length > 0);
});
Deno.bench("read the same from fragments as they arrive, in pieces of 64 KiB", () => {
  const reader = new Mp4FragmentReader();
  for (let at = 0; at < FRAGMENTS.length; at += 65_536) reader.push(FRAGMENTS.subarray(at, at + 65_536));
});
